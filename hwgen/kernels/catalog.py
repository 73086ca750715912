# SPDX-License-Identifier: Apache-2.0
"""All kernels, one line each. Kernels that live outside of hwgen join through the entry-point group `hwgen.kernels`."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from hwgen.errors import InternalError
from hwgen.ir.graph import Node
from hwgen.kernels.add.kernel import AddKernel
from hwgen.kernels.base import Kernel
from hwgen.kernels.concat.kernel import ConcatKernel
from hwgen.kernels.dynamic_matmul.kernel import DynamicMatMulKernel
from hwgen.kernels.elementwise.kernel import TableKernel
from hwgen.kernels.layer_norm.kernel import LayerNormKernel
from hwgen.kernels.lookup.kernel import LookupKernel
from hwgen.kernels.matmul.kernel import MatMulKernel
from hwgen.kernels.multiply.kernel import MultiplyKernel
from hwgen.kernels.pool.kernel import ReduceKernel
from hwgen.kernels.requantize.kernel import RequantizeKernel
from hwgen.kernels.resize.kernel import InterpolateKernel
from hwgen.kernels.select.kernel import SliceKernel
from hwgen.kernels.softmax.kernel import SoftmaxKernel
from hwgen.kernels.threshold.kernel import ThresholdKernel
from hwgen.kernels.view.kernel import ReorderKernel, ReshapeKernel, TransposeKernel
from hwgen.kernels.window.kernel import WindowKernel

KERNELS: tuple[Kernel, ...] = (  # type: ignore[assignment]  # each takes foldings and specs of its own
    WindowKernel(),
    MatMulKernel(),
    DynamicMatMulKernel(),
    AddKernel(),
    MultiplyKernel(),
    ReduceKernel(),
    RequantizeKernel(),
    ThresholdKernel(),
    TableKernel(),
    SoftmaxKernel(),
    LayerNormKernel(),
    LookupKernel(),
    ConcatKernel(),
    SliceKernel(),
    InterpolateKernel(),
    ReshapeKernel(),
    TransposeKernel(),
    ReorderKernel(),
)


@cache
def kernels_by_op() -> dict[type, Kernel]:
    """Operator class to kernel, outside kernels included."""
    outside = tuple(point.load()() for point in entry_points(group="hwgen.kernels"))
    return {kernel.op: kernel for kernel in KERNELS + outside}


def kernel_of(node: Node) -> Kernel:
    """The kernel of a node's operator."""
    try:
        return kernels_by_op()[type(node.op)]
    except KeyError:
        raise InternalError(f"no kernel for operator {node.op.name} of node {node.name}") from None

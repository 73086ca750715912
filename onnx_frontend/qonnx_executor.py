# SPDX-License-Identifier: Apache-2.0
"""The executor of the qonnx package, for files with operators of QONNX and FINN."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import onnx

from hwgen.errors import ToolMissing

KNOWN_IR = 10
DOMAIN = "qonnx.custom_op.general"


def qonnx_runner(model: onnx.ModelProto, asked: list[str]) -> Callable[[Mapping[str, np.ndarray]], list[np.ndarray]]:
    """A function from the inputs of one frame to the asked tensors. Raises `ToolMissing` without the package."""
    try:
        from qonnx.core.modelwrapper import ModelWrapper
        from qonnx.core.onnx_exec import execute_onnx
        from qonnx.transformation.infer_shapes import InferShapes
    except ImportError as error:
        raise ToolMissing.of(
            "the comparison", "the QONNX executor is not installed", found="no module qonnx", expected="qonnx 1.0",
            fix="pip install 'hwgen[qonnx]', or compare with --compare reference",
        ) from error  # fmt: skip
    for node in model.graph.node:
        if not node.domain and not onnx.defs.has(node.op_type):
            node.domain = DOMAIN
    del model.graph.output[1:]  # the executor gives every tensor; it stumbles over outputs without a type
    with _known_ir():
        wrapper = ModelWrapper(model).transform(InferShapes())

    def run(feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        with _known_ir(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = execute_onnx(wrapper, dict(feeds), return_full_exec_context=True)
        return [np.asarray(values[name]) for name in asked]

    return run


@contextmanager
def _known_ir() -> Iterator[None]:
    """It builds models of one node in the newest IR version that onnx knows, which onnxruntime may not know yet."""
    newest = onnx.IR_VERSION
    onnx.IR_VERSION = min(newest, KNOWN_IR)
    try:
        yield
    finally:
        onnx.IR_VERSION = newest

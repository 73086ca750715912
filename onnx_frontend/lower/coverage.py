# SPDX-License-Identifier: Apache-2.0
"""Which operators can be built at all, told before anything is lowered: for models that are still float."""

from __future__ import annotations

from hwgen.errors import Blocker
from onnx_frontend.boundary import SUMS
from onnx_frontend.lower.elementwise import ELEMENTWISE
from onnx_frontend.lower.rules import RULES
from onnx_frontend.quant_graph import QuantGraph, QuantNode

KNOWN = frozenset(
    (*RULES.moves, *RULES.accumulators, *RULES.rounded, *RULES.grid_rules, *ELEMENTWISE, "QuantizeLinear",
     "DequantizeLinear")
)  # fmt: skip


def is_foreign(node: QuantNode) -> bool:
    """Whether a node is no operator of the ONNX standard, so that the host cannot run it either."""
    return bool(node.domain) or "." in node.op


def missing_kernel(graph: QuantGraph, node: QuantNode) -> Blocker | None:
    """Why a node cannot be built even when the model is quantized, or None where it may."""
    if node.op not in KNOWN:
        return graph.blocker(
            node,
            "there is no kernel for this operator",
            found=f"{node.domain + '.' if node.domain else ''}{node.op}",
            expected="an operator of docs/operators.md",
            fix="replace it, or build the part in front of it: --to TENSOR",
        )
    if node.op in SUMS and node.op != "MatMul" and not any(graph.tensors[name].is_constant for name in node.inputs[:2]):
        return graph.blocker(
            node,
            "both operands are computed at run time",
            found=f"{node.op} of two activations",
            expected="constant weights",
            fix="build the part in front of it: --to TENSOR",
        )
    return None

# SPDX-License-Identifier: Apache-2.0
"""One ONNX node on arrays, by the reference evaluator of onnx."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
from onnx.reference import ReferenceEvaluator


def has_subgraph(node: ir.Node) -> bool:
    return any(a.type in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS) for a in node.attributes.values())


def evaluate_node(node: ir.Node, arrays: list[np.ndarray | None], version: int) -> list[np.ndarray] | None:
    """The named outputs of one node by the reference evaluator of onnx; None where it has no kernel for the node."""
    if has_subgraph(node) or node.op_type.startswith("Random"):
        return None
    names = [f"i{k}" if a is not None else "" for k, a in enumerate(arrays)]
    proto = ir.to_proto(node)
    proto.ClearField("input")
    proto.input.extend(names)
    wanted = [v.name for v in node.outputs if v.name]
    ins, outs = ([onnx.helper.make_value_info(n, onnx.TypeProto()) for n in group if n] for group in (names, wanted))
    graph = onnx.helper.make_graph([proto], "node", ins, outs)
    single = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", version)])
    feeds = {n: a for n, a in zip(names, arrays, strict=True) if a is not None}
    try:
        return [np.asarray(r) for r in ReferenceEvaluator(single).run(wanted, feeds)]
    except (NotImplementedError, RuntimeError, TypeError, ValueError, IndexError, KeyError, AttributeError):
        return None

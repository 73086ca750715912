# SPDX-License-Identifier: Apache-2.0
"""From a normalized ONNX model of any dialect to a QuantGraph.

A dialect is a file in ``dialects/`` with readers for its own operators; a model may mix dialects.
"""

from __future__ import annotations

import onnx_ir as ir

from hwgen.errors import Blocker, UnsupportedOp
from onnx_frontend.dialects import finn, integer, nemo, qdq, qonnx, qoperator
from onnx_frontend.dialects.builder import Builder, Reader, read_plain
from onnx_frontend.propagate import STANDARD
from onnx_frontend.quant_graph import QuantGraph

READERS: dict[tuple[str, str], Reader] = {
    **qdq.READERS,
    **integer.READERS,
    **qoperator.READERS,
    **qonnx.READERS,
    **finn.READERS,
}


def read_quantization(model: ir.Model) -> QuantGraph:
    """Read a normalized model. Raises `UnsupportedOp` with every place where the quantization cannot be read."""
    quantized, blockers = read_leniently(model)
    if blockers:
        raise UnsupportedOp(*blockers)
    return quantized


def read_leniently(model: ir.Model) -> tuple[QuantGraph, tuple[Blocker, ...]]:
    """The same with the blockers given back: what lies behind them is read as if it were quantized."""
    builder = Builder(model)
    whole = nemo.is_integerized(model)
    for value in model.graph.inputs:
        (nemo.read_whole_input if whole else qdq.read_input)(builder, value)
        qoperator.read_input(builder, value)
    for node in model.graph:
        domain = "" if node.domain in STANDARD else node.domain
        reader = nemo.read if whole else READERS.get((domain, node.op_type), read_plain)
        reader(builder, node)
    return builder.finish(), tuple(builder.blockers)

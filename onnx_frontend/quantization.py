# SPDX-License-Identifier: Apache-2.0
"""From a normalized ONNX model of any dialect to a QuantGraph.

A dialect is a file in ``dialects/`` with readers for its own operators; a model may mix dialects.
"""

from __future__ import annotations

import onnx_ir as ir

from hwgen.errors import UnsupportedOp
from onnx_frontend.dialects import qdq
from onnx_frontend.dialects.builder import Builder, Reader, read_plain
from onnx_frontend.propagate import STANDARD
from onnx_frontend.quant_graph import QuantGraph

READERS: dict[tuple[str, str], Reader] = {**qdq.READERS}


def read_quantization(model: ir.Model) -> QuantGraph:
    """Read a normalized model. Raises `UnsupportedOp` with every place where the quantization cannot be read."""
    builder = read_leniently(model)
    if builder.blockers:
        raise UnsupportedOp(*builder.blockers)
    return builder.finish()


def read_leniently(model: ir.Model) -> Builder:
    """The same, with the blockers noted in the builder instead of raised."""
    builder = Builder(model)
    for value in model.graph.inputs:
        qdq.read_input(builder, value)
    for node in model.graph:
        domain = "" if node.domain in STANDARD else node.domain
        READERS.get((domain, node.op_type), read_plain)(builder, node)
    return builder

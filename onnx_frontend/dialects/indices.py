# SPDX-License-Identifier: Apache-2.0
"""Integer inputs that choose rows of quantized tables: the token ids of an embedding."""

from __future__ import annotations

from fractions import Fraction

import onnx_ir as ir

from hwgen.numerics.range import IntRange
from onnx_frontend.quant_graph import Quant

WHOLE = frozenset(("INT32", "INT64"))
QUANTIZERS = frozenset(("QuantizeLinear", "DequantizeLinear", "Quant", "IntQuant"))
CARRIERS = QUANTIZERS | {"Clip", "Identity"}


def index_quant(value: ir.Value) -> Quant | None:
    """The grid of an input that nothing but Gathers along axis 0 of quantized constants read: 0 to the last row.

    None for any other input; a table of floats is looked up on the host.
    """
    if value.dtype is None or value.dtype.name not in WHOLE:
        return None
    rows = [_rows_of_table(use.node) if use.idx == 1 else None for use in value.uses()]
    if not rows or None in rows:
        return None
    codes = IntRange(0, min(rows) - 1)
    return Quant((Fraction(1),), (0,), codes.width, False, narrow=codes)


def _rows_of_table(node: ir.Node) -> int | None:
    axis = node.attributes["axis"].as_int() if "axis" in node.attributes else 0
    table = node.inputs[0]
    if node.op_type != "Gather" or axis != 0 or table is None:
        return None
    quantized = False
    while (maker := table.producer()) is not None and maker.op_type in CARRIERS:
        quantized |= maker.op_type in QUANTIZERS
        table = maker.inputs[0]
    if table.const_value is None:
        return None
    floats = table.dtype is None or table.dtype.is_floating_point()
    return int(table.const_value.shape[0]) if quantized or not floats else None

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections import Counter

from onnx_frontend.quantization import DIALECTS


def test_no_two_dialects_read_the_same_operator_unless_one_refines_the_other() -> None:
    plain = Counter(key for dialect in DIALECTS if not dialect.refines for key in dialect.readers)
    assert [key for key, count in plain.items() if count > 1] == []


def test_every_file_of_a_dialect_is_found() -> None:
    known = {key for dialect in DIALECTS for key in dialect.readers}
    operators = ("QuantizeLinear", "QLinearConv", "MatMulInteger", "Quant", "MultiThreshold")
    assert all(any(name == operator for _, name in known) for operator in operators)
    assert sum(dialect.owns is not None for dialect in DIALECTS) == 1

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

from hwgen.comparison.exactness import exactness_of
from tests.kernels.layer_norm.nodes import node
from tests.kernels.softmax.test_softmax import node as softmax


def test_an_operator_with_an_error_of_its_own_declares_it() -> None:
    norm = node((2, 12), error=Fraction(1, 1 << 20))
    facts = exactness_of(norm)
    assert facts["form"] == f"within {float(norm.op.error(12)):.2g} LSB"
    assert facts["proof"] == f"declared: {facts['form']} of the real value before rounding"
    assert exactness_of(softmax())["form"] == "within 0.01 LSB"

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen import costs
from hwgen.hdl.constant_multiplier import ConstantMultiplier
from tests.hdl.products import operands, run


@pytest.mark.parametrize("factor", [0, 1, -1, 8, -3, 7, 12345, -98765, (1 << 25) - 3])
def test_a_product_with_a_constant_is_exact_after_its_latency(factor: int) -> None:
    values = operands(11, 20, 5)
    unit = ConstantMultiplier(11, factor)
    assert run(unit, unit.latency, [{"a": a} for a in values]) == [a * factor for a in values]


@pytest.mark.parametrize("factor", range(-70, 70))
def test_signed_digits_add_up_to_the_factor_and_have_no_neighbours(factor: int) -> None:
    digits = costs.signed_digits(factor)
    assert sum(digit << position for position, digit in digits) == factor
    assert all(b[0] - a[0] > 1 for a, b in zip(digits, digits[1:], strict=False))

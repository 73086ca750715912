# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.hdl.wide_multiplier import WideMultiplier
from tests.hdl.products import operands, run


@pytest.mark.parametrize("a_width, b_width", [(18, 18), (12, 19), (18, 26), (24, 27), (35, 36), (17, 52), (30, 40)])
def test_a_wide_product_is_exact_after_its_latency(a_width: int, b_width: int) -> None:
    pairs = list(zip(operands(a_width, 40, 1), reversed(operands(b_width, 40, 2)), strict=True))
    unit = WideMultiplier(a_width, b_width)
    got = run(unit, unit.latency, [{"a": a, "b": b} for a, b in pairs])
    assert got == [a * b for a, b in pairs]

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.hdl.fabric_multiplier import FabricMultiplier
from tests.hdl.products import operands, run


@pytest.mark.parametrize("a_width, b_width", [(1, 1), (9, 2), (12, 7), (18, 9)])
def test_a_fabric_product_is_exact_after_its_latency(a_width: int, b_width: int) -> None:
    pairs = list(zip(operands(a_width, 40, 3), reversed(operands(b_width, 40, 4)), strict=True))
    unit = FabricMultiplier(a_width, b_width)
    got = run(unit, unit.latency, [{"a": a, "b": b} for a, b in pairs])
    assert got == [a * b for a, b in pairs]

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.plan.prices import Prices
from hwgen.targets import TARGETS, Resources, Target


@pytest.mark.parametrize("target", [t for t in TARGETS if t.resources], ids=lambda t: t.name)
def test_a_whole_device_costs_one_in_luts_in_dsps_and_in_rams(target: Target) -> None:
    have, prices = target.resources, Prices.of(target)
    for whole in (Resources(luts=have.luts), Resources(dsps=have.dsps), Resources(brams=have.brams)):
        assert prices.of_area(whole) == pytest.approx(1)


def test_prices_rise_by_octaves() -> None:
    raised = Prices(1.0, 2.0, 3.0, 4.0).raised((0, 1, 2, 0.5))
    assert raised.amounts == pytest.approx((1, 4, 12, 4 * 2**0.5))

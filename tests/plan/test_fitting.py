# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hwgen.plan.fitting import Fitting
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal
from hwgen.plan.supply import Supply
from hwgen.targets import Resources, Target
from tests.plan.networks import two_convs

ICE40 = Target.named("ice40-up5k")
EMPTY = Resources()


def with_luts(luts: int) -> Target:
    return replace(ICE40, resources=Resources(luts, luts, 8, 30))


def fitting(target: Target) -> Fitting:
    return Fitting(two_convs(), Supply(target), Goal())


def test_what_fits_at_even_prices_is_left_as_it_is() -> None:
    fit = fitting(ICE40).within(4800, EMPTY)
    assert fit is not None and fit.fits
    assert not any("prices" in why for why in fit.selection.why.values())


def test_what_runs_out_is_replaced_and_the_reasons_say_so() -> None:
    """A reserve that the selection at even prices does not leave free: RAMs take the place of LUTs."""
    same, reserve = fitting(ICE40), Resources(luts=3000)
    even, fit = same.within(4800, EMPTY), same.within(4800, reserve)
    assert even is not None and not Goal().holds(even.area + reserve, ICE40)
    assert fit is not None and fit.fits and Goal().holds(fit.area + reserve, ICE40)
    assert fit.area.luts < even.area.luts and fit.area.brams > even.area.brams
    assert all("luts x" in why for why in fit.selection.why.values())


def test_what_cannot_fit_is_as_close_as_can_be_and_what_is_too_slow_is_none() -> None:
    fit = fitting(with_luts(600)).within(4800, EMPTY)
    assert fit is not None and not fit.fits and fit.excess > 1
    assert fitting(ICE40).within(1, EMPTY) is None


def test_a_rate_is_reached_on_a_device_short_of_luts() -> None:
    plan = make_plan(two_convs(), with_luts(2600), Goal(Fraction(5_000)))
    assert plan.fits and plan.timing.initiation_interval <= 4800


def test_the_fastest_plan_uses_what_is_left_over() -> None:
    plan = make_plan(two_convs(), with_luts(2200), Goal())
    assert plan.fits and plan.timing.initiation_interval <= 5184

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from hwgen.plan.estimate import estimate
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal
from hwgen.targets import TARGETS, Target
from tests.plan.networks import two_convs


def test_the_estimate_is_never_slower_than_the_plan() -> None:
    target = Target.named("ecp5-25k")
    plan = make_plan(two_convs(), target, Goal())
    assert 0 < estimate(two_convs(), target, Goal()).interval <= plan.timing.initiation_interval


def test_larger_devices_are_never_slower() -> None:
    fps = {t.name: estimate(two_convs(), t, Goal()).fps for t in TARGETS}
    assert fps["ecp5-25k"] <= fps["ecp5-85k"] <= fps["generic"] * 2


def test_every_estimate_names_what_binds() -> None:
    assert all(estimate(two_convs(), t, Goal()).binds for t in TARGETS)

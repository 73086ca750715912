# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from hwgen.plan.flow import Flow
from hwgen.plan.packing import Stages
from hwgen.plan.plan import Goal
from hwgen.plan.supply import Supply
from hwgen.targets import Resources, Target
from tests.plan.networks import residual, two_convs

ECP5 = Target.named("ecp5-25k")


def stages(target: Target = ECP5) -> Stages:
    return Stages.of(Flow.of(two_convs()), Supply(target), Goal())


def test_what_is_called_impossible_cannot_fit() -> None:
    """The fewest DSPs of every node together are more than there are, or the fewest LUTs, and so on."""
    tight = stages(replace(ECP5, resources=Resources(2400, 2400, 4, 8)))
    for interval in tight.candidates[: tight.shortest_possible()]:
        within = [a[c <= interval] for c, a in zip(tight.cycles, tight.areas, strict=True)]
        undominated = [sorted({tuple(row) for row in rows if _is_lean(row, rows)}) for rows in within]
        totals = (sum(map(_as_array, choice)) for choice in product(*undominated))
        assert not any((total <= tight.limits).all() for total in totals)


def _is_lean(row: np.ndarray, rows: np.ndarray) -> bool:
    return not any((other <= row).all() and (other < row).any() for other in rows)


def _as_array(row: tuple[float, ...]) -> np.ndarray:
    return np.array(row)


def test_a_packing_that_fits_keeps_to_the_limits_and_the_interval() -> None:
    some = stages()
    packed = some.pack(some.candidates[some.shortest_possible()])
    assert packed.possible and packed.fits and Goal().holds(packed.area, ECP5)


def test_without_limits_the_shortest_interval_fits() -> None:
    free = stages(Target.named("generic"))
    assert free.shortest_possible() == 0 and free.pack(free.candidates[0]).fits


def test_the_interval_of_a_port_is_a_candidate() -> None:
    every = Stages.of(Flow.of(residual()), Supply(ECP5), Goal())
    ports = {144 // lanes for lanes in (1, 2, 4)}
    assert ports & set(every.candidates) == {c for c in ports if c >= every.candidates[0]}

# SPDX-License-Identifier: Apache-2.0
"""What a resource of a device is worth, so that areas become comparable."""

from __future__ import annotations

from dataclasses import dataclass

from hwgen.targets import Resources, Target

UNLIMITED = Resources(100_000, 200_000, 500, 400)
"""Prices of a target without limits are those of a device with so much."""
MISSING = 10.0
"""Price of each block that a device does not have."""
FLIP_FLOPS = 0.25
"""Flip-flops count for so much of their fraction: most come with the LUT in front of them."""


@dataclass(frozen=True)
class Prices:
    """The price of one LUT, flip-flop, DSP and block RAM."""

    luts: float
    ffs: float
    dsps: float
    brams: float

    @classmethod
    def of(cls, target: Target) -> Prices:
        """Every resource costs what it takes of the device: the whole device costs the same in LUTs, DSPs or RAMs."""
        have = target.resources or UNLIMITED
        luts, ffs, dsps, brams = (
            1 / limit if limit else MISSING for limit in (have.luts, have.ffs, have.dsps, have.brams)
        )
        return cls(luts, FLIP_FLOPS * ffs, dsps, brams)

    @property
    def amounts(self) -> tuple[float, float, float, float]:
        return self.luts, self.ffs, self.dsps, self.brams

    def raised(self, octaves: tuple[float, ...]) -> Prices:
        """Each price doubled so many times."""
        return Prices(*(price * 2**times for price, times in zip(self.amounts, octaves, strict=True)))

    def of_area(self, area: Resources) -> float:
        return self.luts * area.luts + self.ffs * area.ffs + self.dsps * area.dsps + self.brams * area.brams

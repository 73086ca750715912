# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from hwgen.synth.calibrate import measure
from hwgen.targets import FAMILIES


def test_the_laws_of_all_blocks_together_are_what_yosys_makes_of_them():
    ecp5 = next(family for family in FAMILIES if family.name == "ecp5")
    pairs = measure(ecp5).values()
    for resource in ("luts", "ffs", "brams"):
        law, mapped = (sum(getattr(side, resource) for side in sides) for sides in zip(*pairs, strict=True))
        assert abs(law - mapped) <= 0.1 * mapped, resource

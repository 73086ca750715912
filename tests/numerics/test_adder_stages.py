# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.numerics.adder_graph import Adder, AdderGraph, Tap
from hwgen.numerics.adder_stages import AdderPipeline
from hwgen.numerics.range import IntRange

# ((x0 + x1) + x2) + x3, and x0 + x1
CHAIN = AdderGraph(4, (Adder(0, 1, 0, 1, 1), Adder(4, 2, 0, 1, 1), Adder(5, 3, 0, 1, 1)), (Tap(6, 0), Tap(4, 0)))
BIT = IntRange(0, 1)


def test_adders_work_as_late_as_they_can_and_operands_wait_for_them() -> None:
    pipeline = AdderPipeline(CHAIN, BIT, levels=1, stages=4)
    assert pipeline.made == (0, 0, 0, 0, 2, 3, 4)
    assert pipeline.read == (2, 2, 3, 4, 5, 4, 5)
    assert pipeline.latency == 5


def test_several_adders_share_a_stage() -> None:
    pipeline = AdderPipeline(CHAIN, BIT, levels=2, stages=2)
    assert pipeline.made == (0, 0, 0, 0, 1, 2, 2)


def test_registers_are_counted_in_bits_of_the_exact_ranges() -> None:
    pipeline = AdderPipeline(CHAIN, BIT, levels=3, stages=1)
    assert pipeline.register_bits == 4 * 1 + 2 + 3  # four inputs, sums up to 2 and up to 4
    assert pipeline.adder_bits == (2, 2, 3)


def test_a_pipeline_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="2 stages of 1 adders are too few"):
        AdderPipeline(CHAIN, BIT, levels=1, stages=2)

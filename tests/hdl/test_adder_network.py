# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from amaranth.back import rtlil

from hwgen.encodings.twos_complement.code import encode
from hwgen.hdl.adder_network import AdderNetwork
from hwgen.hdl.adder_verilog import adder_verilog
from hwgen.numerics.adder_stages import AdderPipeline
from hwgen.numerics.find_adder_graph import find_adder_graph, least_depth
from hwgen.numerics.range import IntRange
from hwgen.tools.yosys import run_yosys
from tests.hdl.bench import simulate

RANGES = {"signed": IntRange(-8, 7), "unsigned": IntRange(0, 15), "bits": IntRange(0, 1), "narrow": IntRange(-1, 5)}


def network(x: IntRange, levels: int) -> tuple[np.ndarray, AdderNetwork]:
    """A matrix with rows of all kinds: random ones, one without digits, one of one digit, ones that only subtract."""
    w = np.random.default_rng(levels).integers(-40, 41, (6, 5))
    w[1], w[2], w[3], w[4] = 0, (0, 0, 32, 0, 0), (-3, -1, 0, -33, 0), (0, -4, 0, 0, 0)
    graph = find_adder_graph(w, (x,) * 5, 1)
    return w, AdderNetwork(AdderPipeline(graph, x, levels, -(-(least_depth(w) + 1) // levels)), 12)


@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize("x", RANGES.values(), ids=RANGES)
def test_every_cycle_gives_the_product_of_the_vector_before_the_latency(x: IntRange, levels: int) -> None:
    w, dut = network(x, levels)
    vectors = np.random.default_rng(1).integers(x.lo, x.hi, (30, 5), endpoint=True)
    vectors[:2] = [[x.lo], [x.hi]]
    beats, expected = encode(vectors, x.width), encode(vectors @ w.T, 12)
    found = []

    async def bench(context, reset) -> None:  # type: ignore[no-untyped-def]
        for cycle in range(len(beats) + dut.latency):
            context.set(dut.x, beats[min(cycle, len(beats) - 1)])
            if cycle >= dut.latency:
                found.append(context.get(dut.y))
            await context.tick()

    simulate(dut, bench)
    assert found == expected


@pytest.mark.parametrize("levels", [1, 3])
@pytest.mark.parametrize("x", RANGES.values(), ids=RANGES)
def test_the_printed_module_is_proven_equal_to_the_one_in_amaranth(x: IntRange, levels: int, tmp_path: Path) -> None:
    _, dut = network(x, levels)
    (tmp_path / "gate.v").write_text(adder_verilog("gate", dut.pipeline, 12))
    (tmp_path / "gold.il").write_text(rtlil.convert(dut, name="gold", ports=[dut.x, dut.y], emit_src=False))
    run_yosys(
        [
            "read_rtlil gold.il", "read_verilog gate.v", "proc", "delete gold/w:rst", "opt_clean",
            "equiv_make gold gate equal", "hierarchy -top equal", "equiv_simple", "equiv_induct", "equiv_status -assert",
        ],
        cwd=tmp_path,
    )  # fmt: skip


def test_a_platform_that_takes_text_gets_one_instance() -> None:
    class Platform:
        def define(self, stem, print_module):
            self.text = print_module(stem)
            return stem

    _, dut = network(RANGES["signed"], 1)
    platform = Platform()
    converted = rtlil.convert(dut, name="top", ports=[dut.x, dut.y], platform=platform, emit_src=False)
    assert "cell \\adders" in converted and "$add" not in converted
    assert platform.text.startswith("module adders (")

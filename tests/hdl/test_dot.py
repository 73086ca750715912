# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import numpy as np
import pytest

import hwgen
from hwgen.hdl.dot import Dot
from tests.hdl.bench import simulate
from tests.icarus import requires_icarus

pytestmark = pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
_PACKAGE = Path(hwgen.__file__).parent
GENERIC = _PACKAGE / "hdl" / "verilog" / "hwgen_dot.v"
MAPPED = _PACKAGE / "synth" / "xc7" / "hwgen_dot.v"
VECTORS = 40


def operands(terms: int, bits: int, seed: int) -> np.ndarray:
    """Vectors of lowest and highest values, then random ones; shape (VECTORS, terms)."""
    half = 1 << (bits - 1)
    values = np.random.default_rng(seed).integers(-half, half, (VECTORS, terms))
    values[:2], values[2:4] = -half, half - 1
    return values


def staggered(values: np.ndarray, bits: int) -> list[int]:
    """The words of an operand port by cycle: term k of a vector is in the word k cycles after term 0's."""
    terms, mask = values.shape[1], (1 << bits) - 1
    words = [0] * (len(values) + terms)
    for k in range(terms):
        for t, value in enumerate(values[:, k].tolist()):
            words[t + k] |= (value & mask) << (k * bits)
    return words


def sums(a: np.ndarray, b: np.ndarray, y_width: int, start: int) -> list[int]:
    totals = (a.astype(object) * b.astype(object)).sum(axis=1)
    return [(int(total) + start) % (1 << y_width) for total in totals]


@pytest.mark.parametrize("terms, widths, start", [(1, (9, 8, 20), 5), (4, (27, 9, 44), 1 << 21), (3, (4, 18, 12), 0)])
def test_sums_of_staggered_operands_come_after_the_latency(terms: int, widths: tuple, start: int) -> None:
    a_width, b_width, y_width = widths
    dot = Dot(terms, a_width, b_width, y_width, start)
    a, b = operands(terms, a_width, 1), operands(terms, b_width, 2)
    words = list(zip(staggered(a, a_width), staggered(b, b_width), strict=True))
    found = []

    async def testbench(context, reset) -> None:
        for cycle in range(VECTORS + dot.latency):
            if cycle >= dot.latency:
                found.append(context.get(dot.y))
            a_word, b_word = words[min(cycle, len(words) - 1)]
            context.set(dot.a, a_word)
            context.set(dot.b, b_word)
            await context.tick()

    simulate(dot, testbench)
    assert found == sums(a, b, y_width, start)
    assert dot.latency == terms + 2


_BENCH = """
module bench;
    reg clk = 0;
    reg [{a_bits}-1:0] a_words [0:{last}];
    reg [{b_bits}-1:0] b_words [0:{last}];
    reg [{a_bits}-1:0] a = 0;
    reg [{b_bits}-1:0] b = 0;
    wire [{y}-1:0] y;
    integer t;
    hwgen_dot #(.TERMS({terms}), .A_WIDTH({a}), .B_WIDTH({b}), .Y_WIDTH({y}), .START({start})) dut (clk, a, b, y);
    initial begin
        $readmemh("a.hex", a_words);
        $readmemh("b.hex", b_words);
        for (t = 0; t <= {last}; t = t + 1) begin
            a = a_words[t]; b = b_words[t];
            #1 $display("%h", y);
            #1 clk = 1; #1 clk = 0;
        end
    end
endmodule
"""


@requires_icarus
@pytest.mark.parametrize("mapped", [False, True], ids=["generic", "on DSP48E1"])
def test_the_verilog_adds_up_operands_of_the_full_widths(mapped: bool, tmp_path: Path) -> None:
    terms, a_width, b_width, y_width, start = 8, 25, 18, 48, 1 << 46
    a, b = operands(terms, a_width, 3), operands(terms, b_width, 4)
    ports = {"a": staggered(a, a_width), "b": staggered(b, b_width)}
    last = VECTORS + terms + 1
    for port, words in ports.items():
        padded = words + [0] * (last + 1 - len(words))
        (tmp_path / f"{port}.hex").write_text("".join(f"{word:x}\n" for word in padded))
    sizes = {"terms": terms, "a": a_width, "b": b_width, "y": y_width, "start": f"48'd{start}", "last": last}
    (tmp_path / "bench.v").write_text(_BENCH.format(a_bits=terms * a_width, b_bits=terms * b_width, **sizes))
    spec = importlib.util.find_spec("pyosys")
    if mapped and (spec is None or not spec.submodule_search_locations):
        pytest.skip("the model of the block comes with pyosys, which is not installed")
    files = [MAPPED, Path(spec.submodule_search_locations[0]) / "share/xilinx/cells_sim.v"] if mapped else [GENERIC]
    command = ["iverilog", "-g2012", "-o", "bench.vvp", "-s", "bench", "bench.v", *map(str, files)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    shown = subprocess.run(["vvp", "bench.vvp"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    lines = [line for line in shown.split() if len(line) == y_width // 4]
    assert [int(line, 16) for line in lines[terms + 2 :]] == sums(a, b, y_width, start)

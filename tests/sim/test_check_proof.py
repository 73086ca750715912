# SPDX-License-Identifier: Apache-2.0
"""The checker in a bundle proves what is right, for every form, and notices every digit that is not."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from hwgen.emit.emit import emit
from hwgen.ir.graph import Graph, Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.kernels.add.op import Add
from hwgen.kernels.base import Folding
from hwgen.kernels.catalog import kernel_of
from hwgen.kernels.threshold.op import Threshold
from hwgen.numerics.range import IntRange
from hwgen.numerics.staircase import Staircase
from hwgen.pipeline import Source, build
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal
from hwgen.rtl.build_top import build_top
from hwgen.targets import Target
from tests.kernels.requantize.nodes import INT8, layer, powers_of_two, requantize

ROOT = Path(__file__).parent.parent.parent
TARGET = Target.named("ecp5-85k")
sys.path.insert(0, str(ROOT / "sim"))
from check_proof import check_bundle  # noqa: E402


def _input(name: str, codes: IntRange) -> Node:
    return Node(Input(TensorType((1, 6, 4, 4), codes)), (), name)


def _add(ratio_b: Fraction, b: IntRange, **dialect: str) -> Node:
    op = Add(Fraction(3, 7), ratio_b, Fraction(1, 9), 3, INT8)
    if dialect:
        op = Add(Fraction(0.4375), ratio_b, Fraction(2.625), 0, INT8, **dialect)  # type: ignore[arg-type]
    return Node(op, (_input("x", INT8), _input("z", b)), "requantize")


STEPS = (Staircase(IntRange(-3000, 2500), (-900, -4, 800), (-3, -1, 0, 5)),) * 5
FALLING = Staircase(IntRange(-3000, 2500), (-7,), (2, -2))
NODES = {
    "random": layer(),
    "powers of two": powers_of_two(zero_point=3, falling=True),
    "one for all": requantize((Fraction(7, 100),), (Fraction(1, 2),), zero_point=-5),
    "a power of two for all": requantize((Fraction(1, 16),), zero_point=1),
    "decimal, unsigned": requantize((Fraction(7, 100), Fraction(-1, 20)) * 3, out=IntRange(0, 255), zero_point=100),
    "ort": requantize((Fraction(float(np.float32(0.07))),) * 6, (Fraction(11),), dialect="ort", zero_point=2),
    "ref": requantize((Fraction(float(np.float32(0.05))),), (Fraction(-7),), dialect="ref", zero_point=5),
    "four bits": layer(steps=300.0, out=IntRange(-8, 7)),
    "dead channels": requantize((Fraction(0), Fraction(1, 20)) * 3, (Fraction(5), Fraction(0)) * 3),
    "a curve": Node(Threshold((*STEPS, FALLING), 1, "some curve"), (_input("x", IntRange(-3000, 2500)),), "requantize"),
    "a sum": _add(Fraction(5, 11), IntRange(0, 15)),
    "a sum in float32": _add(Fraction(float(np.float32(0.3))), IntRange(0, 15), dialect="ort"),
    "a product in float32": requantize((Fraction(float(np.float32(0.05))),), dialect="ort_product", zero_point=5),
    "a sum of integers of 16 bits": Node(
        Add(Fraction(12_582_917), Fraction(-9_437_189), Fraction(7), 0, IntRange.of_bits(62, signed=True)),
        (_input("x", IntRange.of_bits(16, signed=True)), _input("z", IntRange.of_bits(16, signed=False))),
        "requantize",
    ),
    "a difference": _add(Fraction(-1, 2), IntRange(-16, 9)),
}


def _forms(node: Node) -> Iterator[Folding]:
    """Every form with one lane, and with three where there are such."""
    for folding in kernel_of(node).foldings(node, TARGET):
        if folding.lanes_out in (1, 3):
            yield folding


def _bundle(node: Node, folding: Folding, folder: Path) -> Path:
    inputs = tuple(n for n in node.src if n.is_input)
    plan = make_plan(Graph(inputs, {"y": node}), TARGET, Goal(), {node.name: folding})
    return emit("one", plan, build_top(plan), {"host": {}, "host_operators": []}).write(folder)


@pytest.mark.parametrize("name", NODES)
def test_every_form_is_proven_in_memories_and_in_verilog(name: str, tmp_path: Path) -> None:
    node = NODES[name]
    for k, folding in enumerate(_forms(node)):
        assert check_bundle(_bundle(node, folding, tmp_path / str(k))) == [], folding


def test_the_oddest_curve_is_read_as_it_is_listed(tmp_path: Path) -> None:
    bundle = _bundle(NODES["a curve"], next(_forms(NODES["a curve"])), tmp_path / "curve")
    proof = json.loads((bundle / "proof.json").read_text())
    proof["stages"]["requantize"]["staircases"][2]["thresholds"][0] += 1
    (bundle / "proof.json").write_text(json.dumps(proof))
    (wrong,) = check_bundle(bundle, rtl=False)
    assert "channel 2 gives" in wrong


@pytest.fixture(scope="module")
def mlp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = build(Source(ROOT / "examples/digits_mlp.onnx"), TARGET, Goal(Fraction(20_000)))
    return built.bundle.write(tmp_path_factory.mktemp("proof") / "mlp")


def test_the_checker_needs_nothing_but_python(mlp: Path) -> None:
    command = [sys.executable, "-E", "-S", "bench/check_proof.py"]
    done = subprocess.run(command, cwd=mlp, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "PASS: 3 stages" in done.stdout, done.stdout + done.stderr


def _altered(path: Path, at: int) -> Iterator[None]:
    """The file with another digit at one place; then as it was."""
    text = path.read_text()
    path.write_text(text[:at] + ("1" if text[at] == "0" else "0") + text[at + 1 :])
    yield
    path.write_text(text)


@pytest.mark.parametrize(("memory", "every"), [("fc3_addends", 1), ("fc3_divisors", 1), ("fc1_addends", 23)])
def test_each_altered_digit_of_a_memory_is_noticed(mlp: Path, memory: str, every: int) -> None:
    path = mlp / f"mem/{memory}.hex"
    digits = [k for k, c in enumerate(path.read_text()) if not c.isspace()]
    for at in digits[::every]:
        for _ in _altered(path, at):
            (wrong,) = check_bundle(mlp, [memory[:3]], rtl=False, hashes=False)
            assert f"{memory}.hex row" in wrong


def test_a_constant_changed_together_with_its_memory_is_noticed(mlp: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(mlp, tmp_path / "copy"))
    proof = json.loads((copy / "proof.json").read_text())
    stage = proof["stages"]["fc3"]
    channel, bits = stage["channels"][4], stage["memories"]["addends"]["bits"]
    channel["addend"] += channel["divisor"] // 3
    lines = (copy / "mem/fc3_addends.hex").read_text().split()
    word = channel["addend"] - (channel["divisor"] << stage["index_bits"] - 1)
    lines[4] = f"{word & (1 << bits) - 1:0{len(lines[4])}x}"
    (copy / "mem/fc3_addends.hex").write_text("\n".join(lines) + "\n")
    (copy / "proof.json").write_text(json.dumps(proof))
    (wrong,) = check_bundle(copy, ["fc3"], rtl=False)
    assert "channel 4 gives" in wrong and "exact is" in wrong


@pytest.mark.parametrize("key", ["factors", "y", "bias"])
def test_another_bit_pattern_of_a_scale_is_noticed(mlp: Path, tmp_path: Path, key: str) -> None:
    copy = Path(shutil.copytree(mlp, tmp_path / "copy"))
    proof = json.loads((copy / "proof.json").read_text())
    scale = proof["stages"]["fc2"]["scales"][key]
    digits = (scale[0] if isinstance(scale, list) else scale)["float32"]
    digits[0] = f"{int(digits[0], 16) + 0x4000:08x}"
    (copy / "proof.json").write_text(json.dumps(proof))
    (wrong,) = check_bundle(copy, ["fc2"], rtl=False)
    assert wrong.startswith("fc2 (active2_QuantizeLinear_Output): channel")


def test_altered_constants_in_verilog_are_noticed_by_running_it(tmp_path: Path) -> None:
    bundle = _bundle(NODES["a sum"], next(_forms(NODES["a sum"])), tmp_path / "sum")
    path = bundle / "rtl/one.v"
    text = path.read_text()
    start = text.index("module one_requantize (")
    body = text[start : text.index("endmodule", start)]
    tables = [start + m.start(1) for m in re.finditer(r"assign \w+ = \w+ \? \d\d'h(\w+) : ", body)]
    assert len(tables) > 4
    for at in tables:
        for _ in _altered(path, at):
            (wrong,) = check_bundle(bundle, hashes=False)
            assert "module one_requantize, lane 0, gives" in wrong
            assert "rtl/one.v is not the file that was proven (SHA-256)" in check_bundle(bundle, rtl=False)

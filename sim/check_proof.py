# SPDX-License-Identifier: Apache-2.0
"""Proves anew that every rounding of this bundle is exact. Needs Python alone: neither hwgen nor NumPy nor a simulator.

    python3 bench/check_proof.py              all stages
    python3 bench/check_proof.py conv1 fc     some stages
    python3 bench/check_proof.py --no-rtl     mem/ alone, without running the Verilog of the stages

For each entry of proof.json, from the bit patterns of the float32 scales: the exact function, in fractions; the
constants that its memories hold; that the form with these constants gives the exact codes at both ends of the range
and on both sides of every step, which proves all accumulators between since both are monotone (every pair of codes for
a sum); and that the Verilog of the stage, run here with its memories, gives the same codes. Exit code 1: something is wrong.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

from exact_rounding import check_points, functions_of, sum_function
from proof_forms import WrongProof, bits_of, check_memories, clamped, code_of, shifted, signed
from verilog_expression import VerilogError
from verilog_model import read_module, read_words

BUNDLE = Path(__file__).resolve().parent.parent
MOST_PAIRS = 1 << 24
FLUSH = 256  # cycles after the last beat, more than any stage is long


def main() -> int:
    parser = argparse.ArgumentParser(description="Prove anew that every rounding of this bundle is exact.")
    parser.add_argument("stages", nargs="*", help="names of stages (default: all)")
    parser.add_argument("--no-rtl", action="store_true", help="do not run the Verilog of the stages")
    options = parser.parse_args()
    wrong = check_bundle(BUNDLE, options.stages, rtl=not options.no_rtl, say=print)
    return 1 if wrong else 0


def check_bundle(
    bundle: Path, stages: list[str] | None = None, rtl: bool = True, hashes: bool = True, say=None
) -> list[str]:
    """What is wrong, a line each. hashes: the Verilog must also be the file that was proven."""
    proof = json.loads((bundle / "proof.json").read_text(encoding="utf-8"))["stages"]
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    wrong = [f"there is no stage {name}" for name in stages or () if name not in proof]
    if hashes:
        wrong += _changed(bundle, manifest)
    total = 0
    for name, stage in proof.items():
        if stages and name not in stages:
            continue
        try:
            points = _check_sum(bundle, stage) if "a" in stage else _check_steps(bundle, stage)
            if rtl:
                _check_rtl(bundle, manifest["top"], stage, points)
        except (WrongProof, VerilogError, OSError, KeyError, ValueError, IndexError) as error:
            wrong.append(f"{name} ({stage['tensor']}): {error}")
            continue
        total += len(points) if "a" in stage else sum(map(len, points))
        if say:
            say(f"{name}: {stage['form']} is exact, tensor {stage['tensor']}")
    if say:
        for line in wrong:
            say(f"WRONG: {line}")
        say(f"{'FAIL' if wrong else 'PASS'}: {len(proof)} stages, {total} points, {len(wrong)} wrong")
    return wrong


def _changed(bundle: Path, manifest: dict[str, Any]) -> list[str]:
    """Verilog files that are not those of the build. (A memory says itself what is wrong with it.)"""
    return [
        f"{path} is not the file that was proven (SHA-256)"
        for path, digest in manifest["sha256"].items()
        if path.startswith("rtl/") and hashlib.sha256((bundle / path).read_bytes()).hexdigest() != digest
    ]


def _check_steps(bundle: Path, stage: dict[str, Any]) -> list[list[tuple[int, int]]]:
    """The points of every channel, at which the constants in mem/ were compared."""
    check_memories(bundle, stage)
    lo, hi = stage["accumulator"]
    functions, channels = functions_of(stage), stage["channels"]
    if len(channels) not in (1, len(functions)):
        raise WrongProof(f"{len(channels)} channels have constants, {len(functions)} have scales")
    points = []
    for index, function in enumerate(functions):
        of_channel = check_points(function, lo, hi)
        for accumulator, code in of_channel:
            found = code_of(stage, channels[index % len(channels)], accumulator)
            if found != code:
                raise WrongProof(f"channel {index} gives {found} for the sum {accumulator}, exact is {code}")
        points.append(of_channel)
    return points[: len(channels)]


def _check_sum(bundle: Path, stage: dict[str, Any]) -> list[tuple[int, int, int]]:
    """All pairs of codes and their exact results."""
    exact = sum_function(stage)
    points = [(a, b, exact(a, b)) for a, b in _pairs(stage)]
    tables = [
        read_words(bundle / m["file"], m["bits"], m["rows"])
        for name, m in stage["memories"].items()
        if name != "program"
    ]
    for a, b, code in points:
        for found in _sums(stage, tables, a, b):
            if found != code:
                raise WrongProof(f"gives {found} for the codes {a} and {b}, exact is {code}")
    return points


def _pairs(stage: dict[str, Any]) -> list[tuple[int, int]]:
    """All pairs of codes; of a sum of integers, which is exact as it stands, the ends of the ranges and around 0."""
    codes = [range(lo, hi + 1) for lo, hi in (stage["a"], stage["b"])]
    if len(codes[0]) * len(codes[1]) > MOST_PAIRS:
        ratios = [Fraction(stage["scales"][name]) for name in ("ratio_a", "ratio_b", "offset")]
        ratios[2] += stage["zero_point"]
        if ratios != [stage["multiplier_a"], stage["multiplier_b"], stage["addend"]] or stage["shift"]:
            raise WrongProof(f"is not the sum of integers {ratios}, and has too many pairs of codes to look at each")
        codes = [sorted({*r[:3], *r[-3:], *(v for v in (-1, 0, 1) if v in r)}) for r in codes]  # type: ignore[misc]
    return [(a, b) for a in codes[0] for b in codes[1]]


def _sums(stage: dict[str, Any], tables: list[list[int]], a: int, b: int) -> list[int]:
    if stage["form"] == "sum":
        total = a * stage["multiplier_a"] + b * stage["multiplier_b"] + stage["addend"]
        return [clamped(shifted(total, stage["shift"], stage["ties"]), stage["clamp"])]
    bits_a, bits_b = bits_of(*stage["a"]), bits_of(*stage["b"])
    address = (a & (1 << bits_a) - 1) << bits_b | b & (1 << bits_b) - 1
    return [_code(stage, table[address]) for table in tables]


def _code(stage: dict[str, Any], bits: int) -> int:
    """The code that a lane of the result stands for."""
    return signed(bits, bits_of(*stage["result"])) if stage["result"][0] < 0 else bits


def _check_rtl(bundle: Path, top: str, stage: dict[str, Any], points: list) -> None:
    """The stage's module gives the exact codes in every lane, and for every word of its memories."""
    text = (bundle / f"rtl/{top}.v").read_text(encoding="utf-8")
    instance = re.search(rf"^  (\w+) {re.escape(stage['instance'])} \($", text, re.M)
    if instance is None:
        raise WrongProof(f"rtl/{top}.v has no instance {stage['instance']}")
    lanes, bits = stage["lanes"], bits_of(*stage["result"])
    if "a" in stage:
        widths = {"i_a__payload": bits_of(*stage["a"]), "i_b__payload": bits_of(*stage["b"])}
        rows = [[point] * lanes for point in points]
    else:
        widths = {"i__payload": bits_of(*stage["accumulator"])}
        rows = _rows(stage, points)
    for unknown in ("0", "f"):  # whatever the bits are that nothing drives
        module = read_module(bundle, text, instance.group(1), unknown)
        found = module.run(_beats(module.inputs, widths, rows))
        if len(found) != len(rows):
            raise WrongProof(f"module {instance.group(1)} gives {len(found)} results for {len(rows)} beats")
        for result, row in zip(found, rows, strict=True):
            codes = [_code(stage, result >> bits * lane & (1 << bits) - 1) for lane in range(lanes)]
            for lane, (code, point) in enumerate(zip(codes, row, strict=True)):
                if code != point[-1]:
                    what = f"gives {code} for {' and '.join(map(str, point[:-1]))}, exact is {point[-1]}"
                    raise WrongProof(f"module {instance.group(1)}, lane {lane}, {what}")
        if not module.has_unknown:
            break


def _rows(stage: dict[str, Any], points: list[list[tuple[int, int]]]) -> list[list[tuple[int, int]]]:
    """A point for each lane of each beat: all words in turn, until each lane of each word has seen all of its points."""
    longest = max(map(len, points))
    return [
        [points[channel][k % len(points[channel])] for channel in channels]
        for k in range(longest)
        for channels in stage["words"]
    ]


def _beats(inputs: list[str], widths: dict[str, int], rows: list[list[tuple]]) -> list[tuple[int, ...]]:
    """Values of a module's inputs cycle by cycle: a row each, and then silence."""
    names = list(widths)
    beats = []
    for row in rows:
        payload = {
            name: sum((point[k] & (1 << bits) - 1) << bits * lane for lane, point in enumerate(row))
            for k, (name, bits) in enumerate(widths.items())
        }
        beats.append(tuple(payload.get(name, 1) for name in inputs))
    quiet = tuple(0 if name in names or name.endswith("__valid") else 1 for name in inputs)
    return beats + [quiet] * FLUSH


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""The hardware forms of proof.json: their constants as they stand in mem/, and what they give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from verilog_model import read_words

UNSIGNED = {"divisors", "falling", "live"}


class WrongProof(Exception):
    """Something in the bundle is not what proof.json says, or not what the exact function says."""


def bits_of(lo: int, hi: int) -> int:
    """Bits of a word that holds all integers from lo to hi, two's complement where some are negative."""
    return max(hi.bit_length(), (-lo - 1).bit_length()) + 1 if lo < 0 else max(1, hi.bit_length())


def signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value


def lanes_of(bundle: Path, memory: dict[str, Any], lanes: int, name: str) -> list[list[int]]:
    """The integers of a memory, a list of its lanes for each row."""
    bits = memory["bits"]
    words = read_words(bundle / memory["file"], bits * lanes, memory["rows"])
    rows = [[word >> bits * lane & (1 << bits) - 1 for lane in range(lanes)] for word in words]
    return rows if name in UNSIGNED else [[signed(value, bits) for value in row] for row in rows]


def check_memories(bundle: Path, stage: dict[str, Any]) -> None:
    """Every row and lane holds the constant of its channel. Raises WrongProof."""
    if stage["form"] == "thresholds":
        return _check_thresholds(bundle, stage)
    for name, memory in stage["memories"].items():
        rows = lanes_of(bundle, memory, stage["lanes"], name)
        if len(rows) != len(stage["words"]):
            raise WrongProof(f"{memory['file']} has {len(rows)} rows for {len(stage['words'])} groups of channels")
        for row, (values, channels) in enumerate(zip(rows, stage["words"], strict=True)):
            wanted = [_stored(stage, name, stage["channels"][channel]) for channel in channels]
            _same(memory, row, values, wanted)
    return None


def _stored(stage: dict[str, Any], name: str, channel: dict[str, Any]) -> int:
    """The number of a channel as the memory of that name holds it."""
    if name == "addends" and stage["form"] == "division":  # the first comparison is part of it
        return channel["addend"] - (channel["divisor"] << stage["index_bits"] - 1)
    return int(channel[{"falling": "falling", "live": "live"}.get(name, name.removesuffix("s"))])


def _check_thresholds(bundle: Path, stage: dict[str, Any]) -> None:
    """Step s of the search holds every (2**(bits - s))-th threshold, from the middle of the first interval on."""
    for name, memory in stage["memories"].items():
        if name == "falling":
            for row, values in enumerate(lanes_of(bundle, memory, stage["lanes"], name)):
                _same(memory, row, values, [int(stage["channels"][c]["falling"]) for c in stage["words"][row]])
            continue
        step, lane = (int(part) for part in name.split("_")[1:])
        spacing = 1 << stage["index_bits"] - step
        for row, values in enumerate(lanes_of(bundle, memory, 1, name)):
            group, found = divmod(row, 1 << step)
            channel = stage["channels"][stage["words"][group][lane]]
            _same(memory, row, values, [channel["thresholds"][found * spacing + spacing // 2 - 1]])


def _same(memory: dict[str, Any], row: int, values: list[int], wanted: list[int]) -> None:
    if values != wanted:
        raise WrongProof(f"{memory['file']} row {row} holds {values}, the proof is about {wanted}")


def code_of(stage: dict[str, Any], channel: dict[str, Any], accumulator: int) -> int:
    """What the form gives, in the integer arithmetic of the hardware. It never falls, or never rises."""
    form = stage["form"]
    if form in ("multiply_shift", "tie_even_shift"):
        if stage["window_bits"]:
            reach = 1 << stage["window_bits"] - 1
            accumulator = min(max(accumulator, -reach), reach - 1)
        total = accumulator * channel["multiplier"] + channel["addend"]
        return clamped(shifted(total, stage["shift"], stage["ties"]), stage["clamp"])
    top = (1 << stage["index_bits"]) - 1
    if form == "division":
        index = _quotient(stage, channel, accumulator * channel["live"], top)
    else:
        index = sum(accumulator >= threshold for threshold in channel["thresholds"])
    index = index ^ top if channel["falling"] else index
    return stage["lowest_code"] + min(index, stage["levels"] - 1)


def _quotient(stage: dict[str, Any], channel: dict[str, Any], accumulator: int, top: int) -> int:
    numerator = (accumulator << stage["fraction"]) + channel["addend"]
    pair = numerator // (2 * channel["divisor"])
    odd = numerator + channel["nudge"] >= (2 * pair + 1) * channel["divisor"]
    return min(max(0, 2 * pair + odd if pair >= 0 else 0), top) if pair <= top // 2 else top


def shifted(value: int, shift: int, ties: str) -> int:
    if ties == "up" or shift == 0:
        return value >> shift
    bit = value >> shift & 1
    return value + (1 << shift - 1) - 1 + (bit if ties == "even" else 1 - bit) >> shift


def clamped(value: int, limits: list[int]) -> int:
    return min(max(value, limits[0]), limits[1])

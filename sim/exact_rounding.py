# SPDX-License-Identifier: Apache-2.0
"""What a rounding of proof.json is, computed anew from the bit patterns of the float32 scales, in fractions."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from math import lcm

Function = Callable[[int], int]


def float32_of_bits(digits: str) -> Fraction:
    """The exact value of a float32 given by its 8 hexadecimal digits."""
    return Fraction(struct.unpack(">f", bytes.fromhex(digits))[0])


def nearest_float32(x: Fraction) -> Fraction:
    """The float32 next to x, ties to even (no overflow)."""
    if not x:
        return x
    exponent = abs(x.numerator).bit_length() - x.denominator.bit_length()
    exponent -= abs(x) < Fraction(2) ** exponent
    step = Fraction(2) ** (max(exponent, -126) - 23)
    return round(x / step) * step


def functions_of(stage: dict) -> list[Function]:
    """The exact function of each channel of a Requantize or a Threshold."""
    if "staircases" in stage:
        return [_listed(steps["thresholds"], steps["values"]) for steps in stage["staircases"]]
    rounding = {"real": _real, "ort": _ort, "ort_product": _ort_product, "ref": _ref}[stage["dialect"]]
    return [rounding(ratio, offset, stage["zero_point"], *stage["clip"]) for ratio, offset in _lines(stage)]


def _lines(stage: dict) -> list[tuple[Fraction, Fraction]]:
    """(ratio, offset) of each channel."""
    scales = stage["scales"]
    if "ratio" in scales:
        ratios, offsets = ([Fraction(v) for v in scales[name]] for name in ("ratio", "offset"))
        count = max(len(ratios), len(offsets))
        return [(ratios[k % len(ratios)], offsets[k % len(offsets)]) for k in range(count)]
    factors = [[float32_of_bits(digits) for digits in f["float32"]] for f in scales["factors"]]
    y = float32_of_bits(scales["y"]["float32"][0])
    bias = scales.get("bias", {"integer": [0], "float32": ["00000000"]})
    lines = []
    for k, integer in enumerate(_spread(scales["integer"], factors)):
        parts = [f[k % len(f)] for f in factors]
        if stage["dialect"] != "real":
            ratio = nearest_float32(nearest_float32(parts[0] * parts[1]) / y)
            lines.append((ratio, Fraction(integer)))
            continue
        ratio = 1 / (y * Fraction(scales["divisor"]))
        for part in parts:
            ratio *= part
        shift = bias["integer"][k % len(bias["integer"])] * float32_of_bits(bias["float32"][k % len(bias["float32"])])
        lines.append((ratio, integer * ratio + shift / y))
    return lines


def _spread(integers: list[int], factors: list[list[Fraction]]) -> list[int]:
    count = max([len(integers), *map(len, factors)])
    return integers * (count // len(integers))


def _real(ratio: Fraction, offset: Fraction, zero: int, lo: int, hi: int) -> Function:
    den = lcm(ratio.denominator, offset.denominator)
    num, add = int(ratio * den), int(offset * den)

    def function(x: int) -> int:
        whole, rest = divmod(x * num + add, den)
        whole += 2 * rest > den or (2 * rest == den and whole & 1)
        return min(max(whole + zero, lo), hi)

    return function


def _ort(ratio: Fraction, offset: Fraction, zero: int, lo: int, hi: int) -> Function:
    def function(x: int) -> int:
        return min(max(round(nearest_float32(nearest_float32(x + offset) * ratio)) + zero, lo), hi)

    return function


def _ort_product(ratio: Fraction, offset: Fraction, zero: int, lo: int, hi: int) -> Function:
    def function(x: int) -> int:
        return min(max(round(nearest_float32(nearest_float32(x * ratio) + zero)), lo), hi)

    return function


def _ref(ratio: Fraction, offset: Fraction, zero: int, lo: int, hi: int) -> Function:
    def function(x: int) -> int:  # a Python float is a float64, and round() takes ties to even
        return min(max(round(float(x + int(offset)) * float(ratio) + zero), lo), hi)

    return function


def _listed(thresholds: list[int], values: list[int]) -> Function:
    from bisect import bisect_right

    return lambda x: values[bisect_right(thresholds, x)]


def check_points(function: Function, lo: int, hi: int) -> list[tuple[int, int]]:
    """(accumulator, code) at both ends and on both sides of every transition of a monotone function."""
    found = {lo: function(lo), hi: function(hi)}
    stack = [(lo, hi)]
    while stack:
        low, high = stack.pop()
        if found[low] == found[high] or high - low < 2:
            continue
        middle = (low + high) // 2
        found[middle] = function(middle)
        stack += [(low, middle), (middle, high)]
    points = sorted(found)
    kept = {lo, hi}
    for a, b in pairwise(points):
        if found[a] != found[b]:
            kept |= {a, b}
    codes = [found[x] for x in sorted(kept)]
    if codes != sorted(codes) and codes != sorted(codes, reverse=True):
        raise ValueError("the function neither rises nor falls")
    return [(x, found[x]) for x in sorted(kept)]


def sum_function(stage: dict) -> Callable[[int, int], int]:
    """The exact function of an Add: one rounding of both terms."""
    scales = stage["scales"]
    if "ratio_a" in scales:
        ratio_a, ratio_b, offset = (Fraction(scales[name]) for name in ("ratio_a", "ratio_b", "offset"))
    else:
        y = float32_of_bits(scales["y"]["float32"][0])
        signs = scales["signs"]
        ratio_a, ratio_b = (
            sign * float32_of_bits(scales[name]["float32"][0]) / y for name, sign in zip("ab", signs, strict=True)
        )
        offset = -ratio_a * scales["a"]["zero_point"][0] - ratio_b * scales["b"]["zero_point"][0]
    if stage["dialect"] == "ort":
        return _fused_sum(ratio_a, ratio_b, offset, *stage["clip"])
    den = lcm(ratio_a.denominator, ratio_b.denominator, offset.denominator)
    a, b, c = (int(v * den) for v in (ratio_a, ratio_b, offset))
    rounded = _real(Fraction(1, den), Fraction(0), stage["zero_point"], *stage["clip"])
    return lambda x, z: rounded(x * a + z * b + c)


def _fused_sum(ratio_a: Fraction, ratio_b: Fraction, offset: Fraction, lo: int, hi: int) -> Callable[[int, int], int]:
    """In float32: fma(a, ratio_a, fma(b, ratio_b, offset)). The inner one is the same for all a."""
    inner = {}

    def function(a: int, b: int) -> int:
        if b not in inner:
            inner[b] = nearest_float32(b * ratio_b + offset)
        return min(max(round(nearest_float32(a * ratio_a + inner[b])), lo), hi)

    return function

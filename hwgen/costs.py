# SPDX-License-Identifier: Apache-2.0
"""What the blocks of `hwgen/hdl` cost in each family. Kernels price their foldings with these laws alone.

They stand apart from the gateware so that `check` and the planner can price a design without loading Amaranth.
Coefficients are fitted on synthesized blocks (``python -m hwgen.synth.calibrate``); every report shows their error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from math import ceil, log2

from hwgen.targets import Family, Resources


@dataclass(frozen=True)
class Coefficients:
    """LUTs of the basic shapes of logic, by family.

    adder_start: on ECP5 with the two slices that nextpnr adds to each carry chain, as its way in and its way out.
    mux_ways: words that one LUT chooses between, by bit; mux_wide: LUTs for each word after the first, where there are more
    than four. table_words: words of a table that one LUT holds, by bit; table_join: how much the joining of LUTs adds, and
    how much more where the depth is no power of two. ram: (words, bits, LUTs) of a RAM made of LUTs.
    """

    adder_bit: float
    adder_start: float
    mux_ways: int
    mux_wide: float
    table_words: int
    table_join: tuple[float, float]
    ram: tuple[tuple[int, int, int], ...]


_LUT4 = Coefficients(1.0, 2.0, 2, 0.88, 16, (1.1, 1.35), ((16, 4, 4),))
_LUT6 = Coefficients(1.0, 0.0, 4, 0.6, 64, (1.1, 1.1), ((32, 6, 4), (64, 3, 4)))
_ECP5 = replace(_LUT4, adder_start=5.0)
_ICE40 = replace(_LUT4, table_join=(1.9, 2.1))
COEFFICIENTS = {"ecp5": _ECP5, "ice40": _ICE40, "gowin": _LUT4, "xc7": _LUT6, "xcup": _LUT6, "generic": _LUT6}

BLOCK_RAM_FROM_BITS = 2048
"""An ``auto`` memory of at least this many bits goes into block RAM."""


def times(count: int, each: Resources) -> Resources:
    """`count` equal blocks."""
    return Resources(count * each.luts, count * each.ffs, count * each.dsps, count * each.brams)


def registers(bits: int) -> Resources:
    return Resources(ffs=bits)


def adder(family: Family, bits: int) -> Resources:
    """A sum (or difference, or comparison with a carry chain) of `bits` bits, not registered."""
    c = COEFFICIENTS[family.name]
    return Resources(luts=ceil(c.adder_bit * bits + c.adder_start))


def mux(family: Family, ways: int, bits: int) -> Resources:
    """A selection of one out of `ways` words of `bits` bits."""
    c = COEFFICIENTS[family.name]
    if ways > 4:
        return Resources(luts=ceil((ways - 1) * c.mux_wide * bits))
    return Resources(luts=-(-(ways - 1) // (c.mux_ways - 1)) * bits)


@cache
def counter(family: Family, limit: int) -> Resources:
    """A register that counts up to `limit` and wraps, with its end test."""
    bits = max(1, (limit - 1).bit_length())
    return adder(family, bits) + registers(bits) + Resources(luts=1 + bits // 4)


def adder_tree_latency(terms: int, levels: int = 1) -> int:
    """Register stages of hdl/adder_tree.py over `terms` terms."""
    return -(-max(0, (terms - 1).bit_length()) // levels)


@cache
def adder_tree(family: Family, terms: int, term_bits: int, width: int, levels: int = 1) -> Resources:
    """hdl/adder_tree.py over `terms` signed words of `term_bits` bits."""
    total, sums, bits, depth = Resources(), terms, term_bits, 0
    while sums > 1:
        depth += 1
        bits = min(width, bits + 1)
        pairs = sums // 2
        sums = sums - pairs
        total += times(pairs, adder(family, bits))
        if depth % levels == 0 or sums == 1:
            total += registers(sums * bits)
    return total


def maximum_tree(family: Family, terms: int, bits: int) -> Resources:
    """The largest of `terms` words, in pairs, with a register after every level."""
    total = Resources()
    while terms > 1:
        pairs = terms // 2
        terms -= pairs
        total += times(pairs, adder(family, bits) + mux(family, 2, bits)) + registers(terms * bits)
    return total


def is_block(style: str, depth: int, width: int) -> bool:
    """Whether a memory of this style and size is planned in block RAM."""
    return style == "block" or (style == "auto" and depth * width >= BLOCK_RAM_FROM_BITS)


@cache
def memory(
    family: Family, depth: int, width: int, style: str = "auto", writable: bool = False, output_register: bool = False
) -> Resources:
    """hdl/memory.py: block RAM, distributed RAM, or a constant table in LUTs."""
    if is_block(style, depth, width):
        return block_ram(family, depth, width, output_register)
    if writable and not family.distributed_ram:  # Yosys finds a block RAM even for a small one
        return block_ram(family, depth, width, output_register)
    if writable:
        return lut_ram(family, depth, width) + registers(width * (2 if output_register else 1))
    distinct = distinct_columns(depth, width)
    return table(family, depth, distinct) + registers(distinct * (2 if output_register else 1))


def block_ram(family: Family, depth: int, width: int, output_register: bool) -> Resources:
    """Block RAMs, and a choice between those that hold different words.

    Where there is no such choice, hwgen/synth/ecp5/output_registers.py moves the output register into the RAM.
    """
    banks = min(
        -(-depth // s.depth) for s in family.ram_shapes if s.count(depth, width) == family.brams_for(depth, width)
    )
    absorbed = family.name == "ecp5" and banks == 1
    ffs = width if output_register and not absorbed else 0
    return Resources(brams=family.brams_for(depth, width), ffs=ffs) + mux(family, banks, width)


def distinct_columns(depth: int, width: int) -> int:
    """How many of `width` bits of a table of `depth` random words differ: equal ones share their LUTs and registers."""
    patterns = 2 ** min(depth, 64)
    return width if patterns > 64 * width else round(patterns * (1 - (1 - 1 / patterns) ** width))


def table(family: Family, depth: int, width: int) -> Resources:
    """A table of constants in LUTs, not registered."""
    c = COEFFICIENTS[family.name]
    if depth <= 2:  # each bit is the address itself, or its complement in a register's own LUT
        return Resources()
    leaves = ceil(depth / c.table_words)
    join = c.table_join[bool(depth & (depth - 1))] if leaves > 1 else 1
    return Resources(luts=ceil(width * leaves * join))


def lut_ram(family: Family, depth: int, width: int) -> Resources:
    """A RAM of one write port and one read port that answers at once; of registers where LUTs cannot be RAMs."""
    if not family.distributed_ram:
        return Resources(luts=ceil(depth * width * 0.9), ffs=depth * width)
    rows, bits, luts = next(
        (ram for ram in COEFFICIENTS[family.name].ram if depth <= ram[0]), COEFFICIENTS[family.name].ram[-1]
    )
    banks = ceil(depth / rows)
    return Resources(luts=banks * ceil(width / bits) * luts + (banks if banks > 1 else 0)) + mux(family, banks, width)


def multiplier(family: Family, a_bits: int, b_bits: int) -> Resources:
    """hdl/multiplier.py in DSP blocks, its registers inside."""
    return Resources(dsps=family.dsps_for(a_bits, b_bits))


def piece_widths(bits: int) -> tuple[int, ...]:
    """How hdl/wide_multiplier.py cuts a signed operand, low piece first: unsigned 17-bit pieces below one of up to 18."""
    below = max(0, -(-(bits - 18) // 17))
    return (17,) * below + (bits - 17 * below,)


@cache
def wide_multiplier_latency(a_bits: int, b_bits: int) -> int:
    """Cycles through hdl/wide_multiplier.py: two in the multipliers, one for each level of joining their products."""
    return 2 + (len(piece_widths(a_bits)) * len(piece_widths(b_bits)) - 1).bit_length()


@cache
def wide_multiplier(family: Family, a_bits: int, b_bits: int) -> Resources:
    """hdl/wide_multiplier.py: a multiplier for each pair of pieces, an adder and a register for each joint."""
    total = Resources()
    terms: list[tuple[int, int]] = []  # (position of the lowest bit, bits)
    for j, a in enumerate(piece_widths(a_bits)):
        for k, b in enumerate(piece_widths(b_bits)):
            total += multiplier(family, a, b)
            terms.append((17 * (j + k), a + b))
    while len(terms) > 1:
        terms.sort()
        half = len(terms) // 2
        joined = []
        for (low, low_bits), (high, high_bits) in zip(terms[:half], terms[::-1], strict=False):
            overlap = low + low_bits > high
            bits = min(max(low + low_bits, high + high_bits) + overlap, a_bits + b_bits) - low
            total += registers(bits) + (adder(family, low + bits - high) if overlap else Resources())
            joined.append((low, bits))
        waiting = terms[half : len(terms) - half]
        total += registers(sum(bits for _, bits in waiting))
        terms = joined + waiting
    return total


def add_subtract(family: Family, bits: int) -> Resources:
    """hdl/add_subtract.py: one carry chain; where a LUT is not in front of each carry, one more LUT inverts each bit."""
    inverts = 0 if family.name in ("ecp5", "xc7", "xcup", "generic") else bits
    return adder(family, bits) + Resources(luts=inverts)


def dot_latency(terms: int) -> int:
    """Cycles through hdl/dot.py."""
    return terms + 2


def fabric_multiplier_latency(b_bits: int) -> int:
    """Cycles through hdl/fabric_multiplier.py."""
    return 1 + adder_tree_latency(b_bits, 1)


def fabric_multiplier(family: Family, a_bits: int, b_bits: int) -> Resources:
    """hdl/fabric_multiplier.py: the rows are gated in LUTs of their own, because no tool packs them into the adders."""
    gates = Resources(luts=a_bits * b_bits, ffs=a_bits + b_bits)
    return gates + adder_tree(family, b_bits, a_bits + 2, a_bits + b_bits, 1)


def signed_digits(factor: int) -> tuple[tuple[int, int], ...]:
    """(position, 1 or -1) of the non-zero digits of `factor`, recoded so that no two of them are neighbours."""
    digits: list[tuple[int, int]] = []
    position = 0
    while factor:
        if factor & 1:
            digit = 2 - (factor & 3)
            digits.append((position, digit))
            factor -= digit
        factor >>= 1
        position += 1
    return tuple(digits)


def constant_multiplier_latency(factor: int) -> int:
    """Cycles through hdl/constant_multiplier.py."""
    return 1 + adder_tree_latency(len(signed_digits(factor)), 1)


def constant_multiplier(family: Family, a_bits: int, factor: int) -> Resources:
    """hdl/constant_multiplier.py."""
    return registers(a_bits) + adder_tree(
        family, len(signed_digits(factor)), a_bits + 2, a_bits + factor.bit_length(), 1
    )


@cache
def queue(family: Family, depth: int, width: int, style: str = "distributed") -> Resources:
    """hdl/queue.py with its credits and pointers."""
    if style == "block":
        ram = memory(family, depth, width, "block", writable=True, output_register=True)
        return ram + queue(family, 4, width) + queue_control(ceil(log2(depth + 1))) + registers(2)
    bits = max(1, ceil(log2(depth + 1)))
    return lut_ram(family, depth, width) + queue_control(bits)


def queue_control(bits: int) -> Resources:
    """Credits, level, two pointers and their tests, of a queue whose level has `bits` bits."""
    return Resources(luts=max(4, 10 * bits - 10), ffs=4 * bits + 2)


def widen(family: Family, width: int, factor: int) -> Resources:
    """hdl/gearbox.py Widen of `factor` beats of `width` bits."""
    return Resources(ffs=width * (factor - 1)) + counter(family, factor)


def narrow(family: Family, width: int, factor: int) -> Resources:
    """hdl/gearbox.py Narrow into `factor` beats of `width` bits."""
    return mux(family, factor, width) + counter(family, factor)


def serializer(family: Family, width: int, factor: int) -> Resources:
    """hdl/gearbox.py Serializer into `factor` beats of `width` bits."""
    return registers(width * factor) + mux(family, 2, width * (factor - 1)) + counter(family, factor + 1)


def divider_latency(bits: int) -> int:
    """Cycles through hdl/divider.py: the first remainder, a step for each bit, two to round."""
    return bits + 3


@cache
def divider(family: Family, lanes: int, denominator_bits: int, bits: int) -> Resources:
    """hdl/divider.py: an adder for each bit of each quotient, the remainders, and one chain of denominators."""
    total = registers(bits * denominator_bits)
    lane = adder(family, denominator_bits + bits + 1) + registers(denominator_bits + bits + 1)
    for step in range(bits):
        lane += add_subtract(family, denominator_bits + 2) + registers(denominator_bits + step + 1 + bits - step)
    lane += adder(family, bits) + registers(2 * bits + 2) + Resources(luts=ceil(denominator_bits / 3))
    return total + times(lanes, lane)

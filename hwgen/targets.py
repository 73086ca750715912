# SPDX-License-Identifier: Apache-2.0
"""The devices hwgen plans for: what their blocks can do, how many there are, and whether a design fits.

Pure data. Counts of ECP5, iCE40 and Gowin parts are the ones nextpnr reports as available; those of the Xilinx parts
are from the vendor's device tables (XC7A100T and ZU3EG). Block RAMs of Xilinx are counted in 18-kbit halves, DSPs of
Gowin in 9x9 halves of an 18x18 multiplier, so that every count is an integer.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hwgen.errors import UserError


@dataclass(frozen=True)
class DspMode:
    """A signed `a_bits` x `b_bits` product that takes `dsps` DSP units."""

    a_bits: int
    b_bits: int
    dsps: int = 1

    def holds(self, a_bits: int, b_bits: int) -> bool:
        """Whether a signed product of these widths fits, either way round."""
        return (a_bits <= self.a_bits and b_bits <= self.b_bits) or (a_bits <= self.b_bits and b_bits <= self.a_bits)


@dataclass(frozen=True)
class RamShape:
    """`depth` words of `width` bits in one block RAM."""

    depth: int
    width: int

    def count(self, depth: int, width: int) -> int:
        """Block RAMs of this shape for `depth` words of `width` bits."""
        return -(-depth // self.depth) * -(-width // self.width)


@dataclass(frozen=True, eq=False)
class Family:
    """What the blocks of a device family can do; each family is one object, so that it is quick to look prices up by.

    lut_inputs: inputs of the LUT that the family's LUT count stands for.
    dsp_modes: what one multiplication may be, cheapest first; empty: no limit is known.
    ram_shapes: how one block RAM can be divided; ram_bits: bits in it, parity included.
    distributed_ram: whether LUTs can serve as small RAMs.
    shift_registers: whether a LUT can delay a bit by up to 16 cycles.
    dsp_sum_bits: of the sum that DSP blocks hand on to their neighbours; 0 where they do not, or where hwgen has no
    mapping for it (hwgen/synth/<family>/hwgen_dot.v).
    """

    name: str
    lut_inputs: int
    dsp_modes: tuple[DspMode, ...]
    ram_shapes: tuple[RamShape, ...]
    ram_bits: int
    distributed_ram: bool
    shift_registers: bool = False
    dsp_sum_bits: int = 0

    def dsps_for(self, a_bits: int, b_bits: int) -> int:
        """DSP units of one signed `a_bits` x `b_bits` product; wider operands are cut into pieces of the widest mode."""
        for mode in self.dsp_modes:
            if mode.holds(a_bits, b_bits):
                return mode.dsps
        widest = self.dsp_modes[-1]
        return widest.dsps * min(
            _pieces(a_bits, widest.a_bits) * _pieces(b_bits, widest.b_bits),
            _pieces(a_bits, widest.b_bits) * _pieces(b_bits, widest.a_bits),
        )

    def brams_for(self, depth: int, width: int) -> int:
        """Block RAMs of a memory of `depth` words of `width` bits, in the best of the shapes."""
        return min(shape.count(depth, width) for shape in self.ram_shapes)


def _pieces(bits: int, limit: int) -> int:
    """Signed pieces of at most `limit` bits: the lower ones are unsigned and give up their sign bit."""
    return 1 if bits <= limit else 1 + -(-(bits - limit) // (limit - 1))


def _shapes(*pairs: tuple[int, int]) -> tuple[RamShape, ...]:
    return tuple(RamShape(depth, width) for depth, width in pairs)


_RAM_18K = _shapes((16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18), (512, 36))

FAMILIES: tuple[Family, ...] = (
    Family("ecp5", 4, (DspMode(18, 18),), _RAM_18K, 18432, True),
    Family("ice40", 4, (DspMode(16, 16),), _shapes((2048, 2), (1024, 4), (512, 8), (256, 16)), 4096, False),
    Family("gowin", 4, (DspMode(9, 9), DspMode(18, 18, 2)), _RAM_18K, 18432, True),
    Family("xc7", 6, (DspMode(25, 18),), _RAM_18K, 18432, True, True, 48),
    Family("xcup", 6, (DspMode(27, 18),), _RAM_18K, 18432, True, True, 48),
    Family("generic", 6, (DspMode(18, 18),), _RAM_18K, 18432, True),
)


@dataclass(frozen=True)
class Resources:
    """LUTs, flip-flops, DSP units and block RAMs, counted in the units of one family."""

    luts: int = 0
    ffs: int = 0
    dsps: int = 0
    brams: int = 0

    @property
    def amounts(self) -> tuple[int, int, int, int]:
        return self.luts, self.ffs, self.dsps, self.brams

    def __add__(self, other: Resources) -> Resources:
        return Resources(self.luts + other.luts, self.ffs + other.ffs, self.dsps + other.dsps, self.brams + other.brams)

    def __sub__(self, other: Resources) -> Resources:
        return Resources(self.luts - other.luts, self.ffs - other.ffs, self.dsps - other.dsps, self.brams - other.brams)

    def used(self, target: Target) -> dict[str, Fraction]:
        """The part of each resource of `target` that is taken, by name; empty for a target without limits.

        A resource that the target does not have and that is asked for counts as taken twice over.
        """
        if target.resources is None:
            return {}
        return {
            name: Fraction(amount, limit) if limit else Fraction(2 * (amount > 0))
            for name, amount, limit in (
                ("luts", self.luts, target.resources.luts),
                ("ffs", self.ffs, target.resources.ffs),
                ("dsps", self.dsps, target.resources.dsps),
                ("brams", self.brams, target.resources.brams),
            )
        }

    def binding(self, target: Target) -> tuple[str, Fraction]:
        """The resource of which the largest part is taken, and that part; ("", 0) for a target without limits."""
        return max(self.used(target).items(), key=lambda item: item[1], default=("", Fraction(0)))

    def fits(
        self,
        target: Target,
        lut_fraction: Fraction | float = Fraction(85, 100),
        bram_fraction: Fraction | float = Fraction(9, 10),
        dsp_fraction: Fraction | float = Fraction(1),
    ) -> bool:
        """Whether every resource stays within its fraction of the target; flip-flops share the LUTs' fraction."""
        limits = {"luts": lut_fraction, "ffs": lut_fraction, "dsps": dsp_fraction, "brams": bram_fraction}
        return all(part <= limits[name] for name, part in self.used(target).items())


@dataclass(frozen=True)
class Target:
    """A device: its family, what it has (None: no limits), the clock asked for and how nextpnr is told about it.

    nextpnr: the device options of the family's nextpnr; empty where no open place and route exists.
    """

    name: str
    family: Family
    resources: Resources | None
    clock_mhz: float
    nextpnr: tuple[str, ...] = ()

    @classmethod
    def named(cls, name: str) -> Target:
        """The target of that name; UserError with the list of names if there is none."""
        for target in TARGETS:
            if target.name == name:
                return target
        raise UserError.of(
            "target", "there is no target of this name",
            found=name, expected=", ".join(target.name for target in TARGETS), fix="choose one of these names",
        )  # fmt: skip


def _family(name: str) -> Family:
    return next(family for family in FAMILIES if family.name == name)


TARGETS: tuple[Target, ...] = (
    Target(
        "ecp5-85k", _family("ecp5"), Resources(83640, 83640, 156, 208), 100,
        ("--85k", "--package", "CABGA756", "--speed", "6"),
    ),
    Target(
        "ecp5-25k", _family("ecp5"), Resources(24288, 24288, 28, 56), 100,
        ("--25k", "--package", "CABGA381", "--speed", "6"),
    ),
    Target("ice40-up5k", _family("ice40"), Resources(5280, 5280, 8, 30), 24, ("--up5k", "--package", "sg48")),
    Target(
        "gowin-gw2a-18", _family("gowin"), Resources(20736, 15552, 96, 46), 100,
        ("--device", "GW2A-LV18PG256C8/I7", "--vopt", "family=GW2A-18"),
    ),
    Target("xc7", _family("xc7"), Resources(63400, 126800, 240, 270), 150),
    Target("xcup", _family("xcup"), Resources(70560, 141120, 360, 432), 250),
    Target("generic", _family("generic"), None, 100),
)  # fmt: skip

# SPDX-License-Identifier: Apache-2.0
"""What the primitive cells of each family stand for in LUTs, flip-flops, DSP units and block RAMs.

Counts before packing are Yosys cells; after packing those of nextpnr, which are what a device has. On ECP5 a LUT is a
TRELLIS_COMB, on iCE40 a logic cell (also one used for its register alone), on Gowin a LUT4 or an ALU bit, on Xilinx a
LUT6, also as a RAM or shift register. A CARRY4 or CARRY8 of Xilinx sits beside the LUTs and costs none.
"""

from __future__ import annotations

from collections.abc import Mapping

from hwgen.targets import Resources

_LUT, _FF, _DSP, _BRAM = Resources(luts=1), Resources(ffs=1), Resources(dsps=1), Resources(brams=1)


def _times(count: int, unit: Resources) -> Resources:
    return Resources(count * unit.luts, count * unit.ffs, count * unit.dsps, count * unit.brams)


def _luts(**cells: int) -> dict[str, Resources]:
    return {cell: Resources(luts=luts) for cell, luts in cells.items()}


_ECP5 = {
    "TRELLIS_COMB": _LUT, "LUT4": _LUT, "CCU2C": _times(2, _LUT), "TRELLIS_DPR16X4": _times(4, _LUT),
    "TRELLIS_FF": _FF, "MULT18X18D": _DSP, "DP16KD": _BRAM, "PDPW16KD": _BRAM,
}  # fmt: skip
_ICE40 = {
    "ICESTORM_LC": _LUT, "SB_LUT4": _LUT, "SB_MAC16": _DSP, "ICESTORM_DSP": _DSP,
    "SB_RAM40_4K": _BRAM, "ICESTORM_RAM": _BRAM,
}  # fmt: skip
_GOWIN = {
    **_luts(LUT1=1, LUT2=1, LUT3=1, LUT4=1, ALU=1, RAM16SDP4=4, RAM16SDP2=2, RAM16SDP1=1),
    "MULT9X9": _DSP, "MULT18X18": _times(2, _DSP), "MULT36X36": _times(8, _DSP), "BSRAM": _BRAM,
    **dict.fromkeys(("SP", "SPX9", "SDPB", "SDPX9B", "DPB", "DPX9B", "pROM", "pROMX9"), _BRAM),
}  # fmt: skip
_XILINX = {
    **_luts(INV=1, LUT1=1, LUT2=1, LUT3=1, LUT4=1, LUT5=1, LUT6=1, LUT6_2=1, SRL16E=1, SRLC16E=1, SRLC32E=1),
    **_luts(RAM32X1S=1, RAM64X1S=1, RAM128X1S=2, RAM256X1S=4, RAM512X1S=8),
    **_luts(RAM32X1D=2, RAM64X1D=2, RAM128X1D=4, RAM256X1D=8, RAM32M=4, RAM64M=4, RAM32M16=8, RAM64M8=8),
    "DSP48E1": _DSP, "DSP48E2": _DSP,
    "RAMB18E1": _BRAM, "RAMB18E2": _BRAM, "RAMB36E1": _times(2, _BRAM), "RAMB36E2": _times(2, _BRAM),
}  # fmt: skip
_CELLS = {"ecp5": _ECP5, "ice40": _ICE40, "gowin": _GOWIN, "xc7": _XILINX, "xcup": _XILINX}
_FF_PREFIXES = {"ecp5": (), "ice40": ("SB_DFF",), "gowin": ("DFF", "DL"), "xc7": ("FD", "LD"), "xcup": ("FD", "LD")}


def resources_of(family: str, counts: Mapping[str, int]) -> Resources:
    """What cells, counted by type, take of a device of `family` (for "generic": LUT6s as for xc7)."""
    table, prefixes = _CELLS[mapped_family(family)], _FF_PREFIXES[mapped_family(family)]
    total = Resources()
    for cell, count in counts.items():
        unit = table.get(cell, _FF if cell.startswith(prefixes) else Resources())
        total += _times(count, unit)
    return total


def mapped_family(family: str) -> str:
    """The family whose cells Yosys maps to: its own, or xc7 for a target without a device."""
    return "xc7" if family == "generic" else family


def is_stateful(cell: str) -> bool:
    """Whether a cell of any family is a register, a memory or a DSP block."""
    units = [table[cell] for table in _CELLS.values() if cell in table]
    registers = tuple(prefix for prefixes in _FF_PREFIXES.values() for prefix in prefixes)
    hard = any(unit.ffs or unit.dsps or unit.brams for unit in units)
    return hard or cell.startswith(registers) or "RAM" in cell or "DPR16" in cell

# SPDX-License-Identifier: Apache-2.0
"""Figures of the RTL library of FINN, written down: it is not a package that can be installed.

Its streaming matrix-vector unit (snapshot of April 2026), synthesized with the same Yosys scripts; 64 x 64 weights, PE = SIMD = 8,
4-bit signed weights x 4-bit unsigned inputs and 8 x 8 bits. Weights come in from outside and are not counted. On Xilinx its cores
for the DSP48E2, on ECP5 its vendor-neutral core, placed with one seed.
"""

from __future__ import annotations

from typing import Any


def _unit(name: str, ffs: int, dsps: int, **figures: Any) -> dict[str, Any]:
    return {
        "name": f"FINN library, {name}",
        "ffs": ffs,
        "dsps": dsps,
        "initiation_interval": 64,
        "first_out": 15,
        **figures,
    }


_CORES = {
    ("ecp5", "8x8"): _unit("8x8", 4301, 96, comb=8903, fmax_mhz=66.8, exact=True),
    ("ecp5", "4x4"): _unit("4x4", 2469, 80, comb=5377, fmax_mhz=73.3, exact=True),
    ("xcup", "8x8"): _unit("8x8", 1069, 32, luts=2315, carry4=94, exact=True),
    ("xcup", "4x4"): _unit("4x4", 885, 16, luts=1726, carry4=78, exact=True),
}

FINN_MVU: dict[tuple[str, str], dict[str, Any]] = _CORES
"""By family and widths."""

# SPDX-License-Identifier: Apache-2.0
"""From the index that a search finds to the code."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value, signed

from hwgen.kernels.requantize.spec import DivisionSpec, ThresholdsSpec


def code_of_index(m: Module, lane: int, index: Value, falls: Value, spec: DivisionSpec | ThresholdsSpec) -> Signal:
    """``lo + index``, mirrored where the codes fall, and limited to the codes that occur; a cycle later."""
    bits, top = spec.index_bits, spec.levels - 1
    above = Signal(bits, name=f"above_{lane}")
    m.d.comb += above.eq(index ^ falls.replicate(bits))
    limited = Mux(above > top, top, above) if top < (1 << bits) - 1 else above
    code = Signal(signed(spec.out.width) if spec.out.signed else spec.out.width, name=f"code_{lane}", reset_less=True)
    m.d.sync += code.eq(limited + spec.lo)
    return code

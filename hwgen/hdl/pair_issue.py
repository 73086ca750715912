# SPDX-License-Identifier: Apache-2.0
"""The handshake of a unit that takes one beat of each of two operands and gives one result, in every cycle it can."""

from __future__ import annotations

from amaranth.hdl import Module, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.delay import delayed


def pair_ports(a_bits: int, b_bits: int, out_bits: int) -> dict[str, In | Out]:
    """Streams ``i_a`` and ``i_b``, result ``o`` and the queue's room."""
    return {
        "i_a": In(stream.Signature(unsigned(a_bits))),
        "i_b": In(stream.Signature(unsigned(b_bits))),
        "o": Out(stream.Signature(unsigned(out_bits), always_ready=True)),
        "o_space": In(1),
        "o_reserve": Out(1),
    }


def issue_pairs(m: Module, unit: wiring.PureInterface, latency: int) -> None:
    """Takes a pair when both are there and the queue has room; ``o.valid`` follows `latency` cycles later."""
    m.d.comb += [
        unit.o_reserve.eq(unit.i_a.valid & unit.i_b.valid & unit.o_space),
        unit.i_a.ready.eq(unit.i_b.valid & unit.o_space),
        unit.i_b.ready.eq(unit.i_a.valid & unit.o_space),
        unit.o.valid.eq(delayed(m, unit.o_reserve, latency, "valid")),
    ]

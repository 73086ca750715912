# SPDX-License-Identifier: Apache-2.0
"""The reciprocal square root of one number, digit by digit."""

from __future__ import annotations

from amaranth.hdl import Const, Elaboratable, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.add_subtract import AddSubtract
from hwgen.hdl.delay import delayed
from hwgen.kernels.layer_norm.folding import RootSpec


class ReciprocalRoot(wiring.Component):
    """``root = floor(sqrt(2**(2 * bits + mantissa_bits - 2) / mantissa))``, at most all ones, `latency` cycles after `start`.

    start: `radicand` is there. done: `root` and `shift` are there. The radicand is shifted to the left in pairs of
    bits, four or one at once, each of which takes one off `shift`; its upper bits are the mantissa.

    The root is found from its highest bit on: ``rest`` is what remains of 2**mantissa_bits, times 4 in each step, and
    ``trial`` is mantissa * (4 * root + 1), what one more bit takes off it: 2 * trial + 3 * mantissa after a bit that is
    set, 2 * trial - mantissa after one that is not. Nothing stops these steps; `done` says when to look.
    """

    def __init__(self, spec: RootSpec):
        self.spec = spec
        super().__init__(
            {
                "start": In(1),
                "radicand": In(spec.radicand_bits),
                "done": Out(1),
                "root": Out(spec.bits),
                "shift": Out(spec.shift_bits),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s = self.spec
        aligned = self._aligned(m)
        mantissa = Signal(s.mantissa_bits)
        cut = s.radicand_bits - s.mantissa_bits
        m.d.comb += mantissa.eq(aligned[cut:] if cut >= 0 else aligned << -cut)
        begin = delayed(m, self.start, 1 + s.align_cycles, "aligned")
        rest = Signal(s.mantissa_bits + s.bits + 3, reset_less=True)
        trial = Signal(s.mantissa_bits + s.bits + 1, reset_less=True)
        triple = Signal(s.mantissa_bits + 2, reset_less=True)
        left, bit = Signal(signed(len(rest) + 1)), Signal()
        m.submodules.next_trial = turn = AddSubtract(len(trial) + 1)
        m.d.comb += [
            left.eq(rest - trial),
            bit.eq(~left[-1]),
            turn.subtract.eq(~bit),
            turn.a.eq(trial << 1),
            turn.b.eq(Mux(bit, triple, mantissa)),
        ]
        with m.If(begin):
            m.d.sync += [rest.eq(1 << s.mantissa_bits), trial.eq(mantissa), triple.eq(mantissa + (mantissa << 1))]
        with m.Else():
            m.d.sync += [rest.eq(Mux(bit, left, rest) << 2), trial.eq(turn.y)]
        m.d.sync += self.root.eq((self.root << 1) | bit)
        m.d.comb += self.done.eq(delayed(m, begin, 1 + s.bits, "found"))
        return m

    def _aligned(self, m: Module) -> Signal:
        s = self.spec
        aligned = Signal(s.radicand_bits, reset_less=True)
        top = [~aligned[-2 * pairs :].any() if s.radicand_bits > 2 * pairs else Const(0) for pairs in (1, 4)]
        with m.If(self.start):
            m.d.sync += [aligned.eq(self.radicand), self.shift.eq(s.shift)]
        with m.Elif(top[1]):
            m.d.sync += [aligned.eq(aligned << 8), self.shift.eq(self.shift - 4)]
        with m.Elif(top[0]):
            m.d.sync += [aligned.eq(aligned << 2), self.shift.eq(self.shift - 1)]
        return aligned

# SPDX-License-Identifier: Apache-2.0
"""The sparse MAC array: beside every weight lies the place of the input that it multiplies."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Array, Elaboratable, Module, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.delay import delayed
from hwgen.hdl.loops import Loops
from hwgen.hdl.memory import Memory
from hwgen.kernels.matmul.folding_sparse import SparseSpec, latency
from hwgen.kernels.matmul.lanes import accumulated, held_beat, lane_sum, multiples, next_word


class SparseUnit(wiring.Component):
    """Runs blocks x folds x steps x passes cycles a position, without a bubble between positions.

    ``i``: simd inputs, kept for all passes; ``o``: pe accumulators. Memory ``weights``: one word a cycle, lane
    ``(p * windows + w) * slots + k``: the weight in the low bits, the place in its window above.
    """

    def __init__(self, spec: SparseSpec):
        self.spec = spec
        self.memories = {
            "weights": Memory(spec.word_bits, spec.weight_depth, style=spec.weight_memory, output_register=True)
        }
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(spec.simd * spec.x.width))),
                "o": Out(stream.Signature(unsigned(spec.pe * spec.out.width), always_ready=True)),
                "o_space": In(1),
                "o_reserve": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s = self.spec
        fire = Signal()
        m.submodules.loops = loops = Loops((s.blocks, s.folds, s.steps, s.passes))
        first_cycle = loops.first[2] & loops.first[3]
        last_cycle = loops.last[2] & loops.last[3]
        taking = loops.first[1] & loops.first[3]
        m.d.comb += [
            fire.eq((~taking | self.i.valid) & (~last_cycle | self.o_space)),
            self.i.ready.eq(taking & (~last_cycle | self.o_space)),
            self.o_reserve.eq(fire & last_cycle),
            loops.step.eq(fire),
        ]
        inputs = held_beat(m, self.i.payload, taking, loops.count[2], s.steps, s.folds)
        m.submodules.weights = self.memories["weights"]
        weights = next_word(m, self.memories["weights"], fire, 1)
        sums = self._sums(m, inputs, weights)
        several = s.steps * s.passes > 1
        depth = latency(s) - several
        first, active = delayed(m, first_cycle, depth, "first"), delayed(m, fire, depth, "active")
        m.d.comb += self.o.valid.eq(delayed(m, fire & last_cycle, latency(s), "giving"))
        results = accumulated(m, sums, first, active, s.out.width) if several else sums
        for lane, result in enumerate(results):
            m.d.comb += self.o.payload.word_select(lane, s.out.width).eq(result)
        return m

    def _sums(self, m: Module, inputs: Value, weights: Value) -> list[Value]:
        """Per output lane the sum over its products."""
        s = self.spec
        codes = [inputs.word_select(k, s.x.width) for k in range(s.simd)]
        bits = s.weight_bits + s.position_bits
        sums = []
        for lane in range(s.pe):
            values: list[Any] = []
            factors: list[Value] = []
            for k in range(s.multipliers):
                entry = weights.word_select(lane * s.multipliers + k, bits)
                factor, position = entry[: s.weight_bits], entry[s.weight_bits :]
                start = k // s.slots * s.window
                chosen = Signal(s.x.width, name=f"input_{lane}_{k}")
                m.d.comb += chosen.eq(Array(codes[start : start + s.window])[position])
                value = chosen.as_signed() if s.x.signed else chosen
                if s.digits:
                    value = multiples(m, value, s.x, s.digits, f"input_{lane}_{k}")
                    factor = delayed(m, factor, 1, f"factor_{lane}_{k}", reset_less=True)
                values.append(value)
                factors.append(factor)
            sums.append(lane_sum(m, s, lane, values, factors))
        return sums

# SPDX-License-Identifier: Apache-2.0
"""The dense MAC array: weights from a memory, inputs held for several passes, one accumulator per output lane."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.delay import delayed
from hwgen.hdl.loops import Loops
from hwgen.hdl.memory import Memory
from hwgen.kernels.matmul.folding_dense import DenseSpec, latency
from hwgen.kernels.matmul.lanes import accumulated, held_beat, lane_sum, multiples, next_word
from hwgen.kernels.matmul.packed_lanes import collected, packed_sums


class DenseUnit(wiring.Component):
    """Runs blocks x folds x steps cycles a position, without a bubble between positions.

    ``i``: group_lanes x simd inputs; ``o``: group_lanes x pe accumulators. Memory ``weights``: one word a cycle, lane
    ``(group lane * pe + p) * simd + s``.
    """

    def __init__(self, spec: DenseSpec):
        self.spec = spec
        lanes = spec.group_lanes * spec.pe
        self.memories = {
            "weights": Memory(
                spec.word_bits,
                spec.weight_depth,
                style=spec.weight_memory,
                output_register=True,
            )
        }
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(spec.group_lanes * spec.simd * spec.x.width))),
                "o": Out(stream.Signature(unsigned(lanes * spec.out.width), always_ready=True)),
                "o_space": In(1),
                "o_reserve": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s = self.spec
        fire = Signal()
        m.submodules.loops = loops = Loops((s.blocks, s.folds, s.steps))
        first_step, last_step = loops.first[2], loops.last[2]
        taking = loops.first[1]
        m.d.comb += [
            fire.eq((~taking | self.i.valid) & (~last_step | self.o_space)),
            self.i.ready.eq(taking & (~last_step | self.o_space)),
            self.o_reserve.eq(fire & last_step),
            loops.step.eq(fire),
        ]
        inputs = held_beat(m, self.i.payload, taking, loops.count[2], s.steps, s.folds)
        m.submodules.weights = self.memories["weights"]
        # Digits wait one cycle for the multiples of the inputs.
        weights = next_word(m, self.memories["weights"], fire, 2 if s.digits else 1)
        sums = self._sums(m, inputs, weights)
        depth = latency(s) - s.accumulates
        first, active = delayed(m, first_step, depth, "first"), delayed(m, fire, depth, "active")
        m.d.comb += self.o.valid.eq(delayed(m, fire & last_step, latency(s), "giving"))
        collect = collected if s.packing else accumulated
        results = collect(m, sums, first, active, s.out.width) if s.accumulates else sums
        for lane, result in enumerate(results):
            m.d.comb += self.o.payload.word_select(lane, s.out.width).eq(result)
        return m

    def _sums(self, m: Module, inputs: Value, weights: Value) -> list[Value]:
        """Per output lane the sum over its SIMD products."""
        s = self.spec
        codes = [inputs.word_select(k, s.x.width) for k in range(s.group_lanes * s.simd)]
        values = [code.as_signed() if s.x.signed else code for code in codes]
        if s.packing:
            return packed_sums(m, s, s.packing, values, weights)
        if s.digits:
            values = [multiples(m, value, s.x, s.digits, f"input_{k}") for k, value in enumerate(values)]
        sums = []
        for lane in range(s.group_lanes * s.pe):
            factors = [weights.word_select(lane * s.simd + k, s.weight_bits) for k in range(s.simd)]
            own = values[lane // s.pe * s.simd :][: s.simd]
            sums.append(lane_sum(m, s, lane, own, factors))
        return sums

# SPDX-License-Identifier: Apache-2.0
"""The MAC array as chains of DSP blocks: inputs and weights come to each block one cycle after its neighbour's."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.adder_tree import add_tree
from hwgen.hdl.delay import delayed
from hwgen.hdl.dot import Dot
from hwgen.hdl.loops import Loops
from hwgen.hdl.memory import Memory
from hwgen.kernels.matmul.contraction import signed_bits
from hwgen.kernels.matmul.folding_cascade import CascadeSpec, latency
from hwgen.kernels.matmul.lanes import accumulated, held_beat, next_word
from hwgen.kernels.matmul.packed_lanes import factor


class CascadeUnit(wiring.Component):
    """Runs blocks x folds x steps cycles a position, without a bubble between positions.

    ``i``: group_lanes x simd inputs; ``o``: group_lanes x pe accumulators. Memory ``weights_<place>``: for each chain the
    weights of its block at that place, ``(group lane * chains + chain)`` times those of all pe lanes.
    """

    def __init__(self, spec: CascadeSpec):
        self.spec = spec
        self.memories = {
            f"weights_{place}": Memory(
                spec.column_bits, spec.weight_depth, style=spec.weight_memory, output_register=True
            )
            for place in range(spec.chain)
        }
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(spec.group_lanes * spec.simd * spec.x.width))),
                "o": Out(stream.Signature(unsigned(spec.group_lanes * spec.pe * spec.out.width), always_ready=True)),
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
        sums = self._sums(m, inputs, self._columns(m, fire))
        depth = latency(s) - (s.steps > 1)
        first, active = delayed(m, first_step, depth, "first"), delayed(m, fire, depth, "active")
        m.d.comb += self.o.valid.eq(delayed(m, fire & last_step, latency(s), "giving"))
        results = accumulated(m, sums, first, active, s.out.width) if s.steps > 1 else sums
        for lane, result in enumerate(results):
            m.d.comb += self.o.payload.word_select(lane, s.out.width).eq(result)
        return m

    def _columns(self, m: Module, fire: Value) -> list[Value]:
        """The word of each place in the chains, a cycle later from place to place."""
        words: list[Value] = []
        for place in range(self.spec.chain):
            memory = self.memories[f"weights_{place}"]
            m.submodules[f"weights_{place}"] = memory
            if place == 0:
                words.append(next_word(m, memory, fire, 1))
            else:
                before = self.memories[f"weights_{place - 1}"].address
                m.d.comb += memory.address.eq(delayed(m, before, 1, f"address_{place}", reset_less=True))
                words.append(memory.data)
        return words

    def _sums(self, m: Module, inputs: Value, columns: list[Value]) -> list[Value]:
        """Per output lane the sum over its chains."""
        s, x_bits = self.spec, signed_bits(self.spec.x)
        values: list[Value] = []
        for k in range(s.group_lanes * s.simd):
            code = delayed(m, inputs.word_select(k, s.x.width), k % s.chain, f"input_{k}", reset_less=True)
            value = Signal(x_bits, name=f"value_{k}")
            m.d.comb += value.eq(code.as_signed() if s.x.signed else code)
            values.append(value)
        by_lane: list[list[Value]] = [[] for _ in range(s.group_lanes * s.pe)]
        for group in range(s.group_lanes):
            for chain in range(s.chains):
                start = group * s.simd + chain * s.chain
                lane = group * s.pe
                for count in s.shared:
                    lanes = range(lane, lane + count)
                    fields = self._shared(m, lanes, chain, values[start : start + s.chain], columns)
                    for own, field in zip(lanes, fields, strict=True):
                        by_lane[own].append(field)
                    lane += count
        return [add_tree(m, terms, f"lane_{lane}", s.out.width) for lane, terms in enumerate(by_lane)]

    def _shared(self, m: Module, lanes: range, chain: int, values: list[Value], columns: list[Value]) -> list[Value]:
        """The sums of several output lanes out of one chain of blocks."""
        s, p = self.spec, self.spec.packing
        packing = p.of(len(lanes))
        start = (lanes[0] // s.pe * s.chains + chain) * p.starts(s.pe)[-1]
        factors = [
            factor(m, column, start, s.pe, lanes, p, f"factor_{lanes[0]}_{chain}_{place}")
            for place, column in enumerate(columns)
        ]
        dot = Dot(s.chain, packing.factor_bits, len(values[0]), packing.word_bits, packing.lift)
        m.submodules[f"dot_{lanes[0]}_{chain}"] = dot
        m.d.comb += [dot.a.eq(Cat(*factors)), dot.b.eq(Cat(*values))]
        fields = [dot.y.word_select(k, p.field_bits) for k in range(len(lanes))]
        lifted = [Cat(field[:-1], ~field[-1]).as_signed() for field in fields[:-1]]
        return [*lifted, fields[-1].as_signed()]

# SPDX-License-Identifier: Apache-2.0
"""What the units of all forms share: lanes, the valid pipeline, and constants that arrive with their beat."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Signal, Value, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.delay import delayed
from hwgen.hdl.memory import Memory
from hwgen.kernels.requantize.spec import DivisionSpec, LineSpec, ThresholdsSpec


class RequantizeUnit(wiring.Component):
    """A pipe from accumulators to codes. Each cycle of the pipeline is a *stage*; the beat enters in stage 0.

    Subclasses give the memories and build the lanes: `lane` returns a code that stands in stage ``spec.latency``.
    """

    def __init__(self, spec: LineSpec | DivisionSpec | ThresholdsSpec):
        self.spec = spec
        self.memories = self.make_memories()
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(spec.lanes * spec.x.width), always_ready=True)),
                "o": Out(stream.Signature(unsigned(spec.lanes * spec.out.width), always_ready=True)),
            }
        )

    def make_memories(self) -> dict[str, Memory]:
        raise NotImplementedError

    def lane(self, m: Module, lane: int, accumulator: Value) -> Value:
        """The code of one lane, made from its accumulator in stage 0."""
        raise NotImplementedError

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s = self.spec
        for name, memory in self.memories.items():
            m.submodules[name] = memory
        self.positions = self._positions(m)
        self.prepare(m)
        for lane in range(s.lanes):
            arrived = self.i.payload.word_select(lane, s.x.width)
            accumulator = Signal(signed(s.x.width) if s.x.signed else s.x.width, name=f"accumulator_{lane}")
            m.d.comb += accumulator.eq(arrived)
            code = self.lane(m, lane, accumulator)
            m.d.comb += self.o.payload.word_select(lane, s.out.width).eq(code)
        m.d.comb += self.o.valid.eq(delayed(m, self.i.valid, s.latency, "valid"))
        return m

    def constant_memories(self, bits: dict[str, int]) -> dict[str, Memory]:
        """One memory for each constant: a word a channel group, `bits` a lane; all of the same latency."""
        s = self.spec
        return {
            name: Memory(
                s.lanes * width,
                s.groups,
                style=s.style(s.groups, s.lanes * width),
                output_register=s.memory == "block",
            )
            for name, width in bits.items()
        }

    def prepare(self, m: Module) -> None:
        """What is made once for all lanes."""

    def _positions(self, m: Module) -> list[Value]:
        """By stage, which word of constants its beat needs: the number of beats before it, modulo groups."""
        s = self.spec
        position = Signal(range(max(1, s.groups)), name="position")
        if s.groups > 1:
            with m.If(self.i.valid):
                with m.If(position == s.groups - 1):
                    m.d.sync += position.eq(0)
                with m.Else():
                    m.d.sync += position.eq(position + 1)
        later: list[Value] = [position]
        for stage in range(1, s.latency):
            register = Signal.like(position, name=f"position_{stage}", reset_less=True)
            m.d.sync += register.eq(later[-1])
            later.append(register)
        return later

    def read(self, m: Module, name: str, stage: int) -> Value:
        """The word that the beat in `stage` needs."""
        memory = self.memories[name]
        m.d.comb += memory.address.eq(self.positions[stage - memory.latency])
        return memory.data

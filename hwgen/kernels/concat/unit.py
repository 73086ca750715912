# SPDX-License-Identifier: Apache-2.0
"""Concat in hardware: runs of beats from each operand in turn, constants from memories of their own."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.delay import delayed
from hwgen.hdl.memory import Memory
from hwgen.kernels.concat.folding import ConcatSpec, RunsSource, latency


class ConcatUnit(wiring.Component):
    """One beat a cycle, no bubble between runs.

    ``i_0``, ``i_1``, ... (``i`` if there is one): the operands that are streams; ``o``: the result, each lane extended
    to its width. Memory ``constant_<k>``: all beats of source k in the order of the result.
    """

    def __init__(self, spec: ConcatSpec):
        self.spec = spec
        self.memories = {
            f"constant_{k}": Memory(spec.lanes * source.range.width, source.words, output_register=True)
            for k, source in enumerate(spec.sources)
            if source.words
        }
        streams = [source for source in spec.sources if not source.words]
        names = ["i"] if len(streams) == 1 else [f"i_{k}" for k in range(len(streams))]
        ports = {
            name: In(stream.Signature(unsigned(spec.lanes * source.range.width)))
            for name, source in zip(names, streams, strict=True)
        }
        out = stream.Signature(unsigned(spec.lanes * spec.out.width), always_ready=True)
        super().__init__(ports | {"o": Out(out), "o_space": In(1), "o_reserve": Out(1)})
        self.inputs = [getattr(self, name) for name in names]

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        sources = self.spec.sources
        fire = Signal()
        turn = Signal(len(sources), init=1)
        self._count_runs(m, fire, turn)
        of_stream = [k for k, source in enumerate(sources) if not source.words]
        ports = dict(zip(of_stream, self.inputs, strict=True))
        offered = Cat(turn[k] & ports[k].valid if k in ports else turn[k] for k in range(len(sources)))
        m.d.comb += [fire.eq(offered.any() & self.o_space), self.o_reserve.eq(fire)]
        m.d.comb += [port.ready.eq(turn[k] & self.o_space) for k, port in ports.items()]
        m.d.comb += self.o.valid.eq(delayed(m, fire, latency(self.spec), "giving"))

        words = [(turn[k], self._extend(m, port.payload, k, sources[k])) for k, port in ports.items()]
        held = self._register(m, words, "held")
        if self.memories:
            held = self._beside_constants(m, held, fire, turn)
        m.d.comb += self.o.payload.eq(held)
        return m

    def _count_runs(self, m: Module, fire: Value, turn: Signal) -> None:
        """Hands the turn on after the last beat of each run; `turn` is one-hot."""
        runs = [source.beats for source in self.spec.sources]
        last = Signal(init=runs[0] == 1)
        left = Signal(range(max(runs)), init=runs[0] - 1)
        following = turn.rotate_left(1)
        with m.If(fire):
            m.d.sync += [left.eq(left - 1), last.eq(left == 1)]
            with m.If(last):
                m.d.sync += turn.eq(following)
                for k, run in enumerate(runs):
                    with m.If(following[k]):
                        m.d.sync += [left.eq(run - 1), last.eq(run == 1)]

    def _extend(self, m: Module, payload: Value, number: int, source: RunsSource) -> Value:
        """Every lane of a source, zero- or sign-extended to the width of the result."""
        width, narrow = self.spec.out.width, source.range.width
        word = Signal(self.spec.lanes * width, name=f"extended_{number}")
        for lane in range(self.spec.lanes):
            code = payload.word_select(lane, narrow)
            m.d.comb += word.word_select(lane, width).eq(code.as_signed() if source.range.signed else code)
        return word

    def _register(self, m: Module, words: list[tuple[Value, Value]], name: str) -> Signal:
        """The word whose flag is set, one cycle later."""
        chosen = Signal(len(words[0][1]), name=name, reset_less=True)
        total: Value = Mux(words[0][0], words[0][1], 0) if len(words) > 1 else words[0][1]
        for flag, word in words[1:]:
            total = total | Mux(flag, word, 0)
        m.d.sync += chosen.eq(total)
        return chosen

    def _beside_constants(self, m: Module, held: Value, fire: Value, turn: Signal) -> Value:
        """The stream's beat two cycles later, or the word of the constant whose turn it was."""
        flags = delayed(m, turn, 2, "turn", reset_less=True)
        constant = [k for k, source in enumerate(self.spec.sources) if source.words]
        from_stream = Signal()
        m.d.comb += from_stream.eq(~Cat(flags[k] for k in constant).any())
        words = [(from_stream, delayed(m, held, 1, "held", reset_less=True))]
        for k in constant:
            m.submodules[f"constant_{k}"] = memory = self.memories[f"constant_{k}"]
            address = Signal(range(memory.depth), name=f"address_{k}")
            if memory.depth > 1:
                with m.If(fire & turn[k]):
                    m.d.sync += address.eq(Mux(address == memory.depth - 1, 0, address + 1))
            m.d.comb += memory.address.eq(address)
            words.append((flags[k], self._extend(m, memory.data, k, self.spec.sources[k])))
        return self._register(m, words, "chosen")

# SPDX-License-Identifier: Apache-2.0
"""An adder graph in pipeline stages: each adder where it works, so that few bits have to be carried along."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from hwgen.numerics.adder_graph import NOTHING, AdderGraph, adder_bits
from hwgen.numerics.range import IntRange

_PASSES = 4


@dataclass(frozen=True)
class AdderPipeline:
    """`graph` on inputs in the range `x`, with a register behind the inputs and after every `levels` adders.

    Inputs come out of stage 0, adders work in the stages from 1 on, outputs are read in stage ``stages + 1``.
    """

    graph: AdderGraph
    x: IntRange
    levels: int

    @cached_property
    def ranges(self) -> tuple[IntRange, ...]:
        """The exact range of each source."""
        return self.graph.ranges((self.x,) * self.graph.inputs)

    @cached_property
    def stages(self) -> int:
        """As few as the depth of the graph allows."""
        return -(-max(self.graph.levels(), default=0) // self.levels)

    @property
    def latency(self) -> int:
        """Cycles from the inputs to the outputs."""
        return self.stages + 1

    @cached_property
    def made(self) -> tuple[int, ...]:
        """The stage in which each source is made.

        Starts with every adder as late as its readers allow, then moves one adder at a time to where the fewest bits
        of registers are needed for it and its operands.
        """
        place = _Places(self.graph, [r.width for r in self.ranges], self.levels, self.stages)
        for _ in range(_PASSES if self.graph.adders else 0):
            if not place.improve():
                break
        return tuple(-(-level // self.levels) for level in place.level)

    @cached_property
    def read(self) -> tuple[int, ...]:
        """The last stage in which each source is read."""
        found = list(self.made)
        for k, adder in enumerate(self.graph.adders, self.graph.inputs):
            for operand in {adder.low, adder.high} - {NOTHING}:
                found[operand] = max(found[operand], self.made[k])
        for tap in self.graph.outputs:
            if tap.source != NOTHING:
                found[tap.source] = self.stages + 1
        return tuple(found)

    @property
    def adder_bits(self) -> tuple[int, ...]:
        """Bits of each adder that need a cell."""
        return tuple(map(adder_bits, self.graph.adders, self.ranges[self.graph.inputs :]))

    @property
    def register_bits(self) -> int:
        """Bits of all registers, the ones behind the inputs included."""
        return sum(r.width * (end - made) for r, made, end in zip(self.ranges, self.made, self.read, strict=True))


class _Places:
    """Levels of all sources while they are moved about."""

    def __init__(self, graph: AdderGraph, widths: list[int], levels: int, stages: int):
        self.inputs, self.widths, self.levels = graph.inputs, widths, levels
        self.last = stages * levels
        sources = graph.inputs + len(graph.adders)
        self.operands = [sorted({a.low, a.high} - {NOTHING}) for a in graph.adders]
        self.readers: list[list[int]] = [[] for _ in range(sources)]
        for k, operands in enumerate(self.operands, graph.inputs):
            for operand in operands:
                self.readers[operand].append(k)
        self.leaves = [False] * sources
        for tap in graph.outputs:
            if tap.source != NOTHING:
                self.leaves[tap.source] = True
        self.level = [0] * sources
        for k in reversed(range(graph.inputs, sources)):
            self.level[k] = self._latest(k)

    def improve(self) -> bool:
        """One sweep from the inputs to the outputs and one back; whether anything moved."""
        forward = range(self.inputs, len(self.level))
        moved = [self._move(k) for sweep in (forward, reversed(forward)) for k in sweep]
        return any(moved)

    def _latest(self, source: int) -> int:
        return min((self.level[r] - 1 for r in self.readers[source]), default=self.last)

    def _move(self, source: int) -> bool:
        operands = self.operands[source - self.inputs]
        earliest = 1 + max((self.level[o] for o in operands), default=0)
        # Per operand: the last stage that another adder (or an output) reads it in.
        others = [max((self._stage(r) for r in self.readers[o] if r != source), default=0) for o in operands]
        others = [max(u, self._stage(o)) if not self.leaves[o] else self._end for o, u in zip(operands, others, strict=True)]
        before = self.level[source]

        def bits(level: int) -> int:
            stage = -(-level // self.levels)
            carried = sum(self.widths[o] * max(0, stage - u) for o, u in zip(operands, others, strict=True))
            return carried - self.widths[source] * stage

        self.level[source] = min(range(earliest, self._latest(source) + 1), key=lambda level: (bits(level), -level))
        return self.level[source] != before

    def _stage(self, source: int) -> int:
        return -(-self.level[source] // self.levels)

    @property
    def _end(self) -> int:
        return self.last // self.levels + 1

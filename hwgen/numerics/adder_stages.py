# SPDX-License-Identifier: Apache-2.0
"""In which pipeline stage each adder of a graph works, so that few bits have to be carried along."""

from __future__ import annotations

from dataclasses import dataclass

from hwgen.numerics.adder_graph import NOTHING, AdderGraph

_PASSES = 4


@dataclass(frozen=True)
class AdderStages:
    """count: stages. of: (sources,) the stage that a source is made in, from 1; inputs come out of stage 0.
    until: (sources,) the last stage that reads it; outputs are read in stage ``count + 1``.
    """

    count: int
    of: tuple[int, ...]
    until: tuple[int, ...]

    def register_bits(self, widths: tuple[int, ...]) -> int:
        """Bits of all registers between the stages, the ones behind the inputs included."""
        lives = (u - s for u, s in zip(self.until, self.of, strict=True))
        return sum(width * max(0, stages) for width, stages in zip(widths, lives, strict=True))


def adder_stages(graph: AdderGraph, widths: tuple[int, ...], levels: int) -> AdderStages:
    """Stages of at most `levels` adders on a way, as few as the depth of the graph allows.

    Starts with every adder as late as its readers allow, then moves one adder at a time to where the fewest bits of
    registers are needed for it and its operands; widths: bits of each source.
    """
    stages = -(-max(graph.levels(), default=0) // levels)
    place = _Places(graph, widths, levels, stages)
    for _ in range(_PASSES if graph.adders else 0):
        if not place.improve():
            break
    of = tuple(-(-level // levels) for level in place.level)
    until = [max((of[reader] for reader in readers), default=0) for readers in place.readers]
    for tap in graph.outputs:
        if tap.source != NOTHING:
            until[tap.source] = stages + 1
    return AdderStages(stages, of, tuple(until))


class _Places:
    """Levels of all sources while they are moved about."""

    def __init__(self, graph: AdderGraph, widths: tuple[int, ...], levels: int, stages: int):
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

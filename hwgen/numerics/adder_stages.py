# SPDX-License-Identifier: Apache-2.0
"""An adder graph cut into pipeline stages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from hwgen.numerics.adder_graph import NOTHING, AdderGraph, adder_bits
from hwgen.numerics.range import IntRange


@dataclass(frozen=True)
class AdderPipeline:
    """`graph` on inputs in the range `x`, with a register behind the inputs and after every `levels` adders.

    stages: at least the depth of the graph in steps of `levels`. Inputs come out of stage 0, adders work in the stages
    from 1 on, outputs are read in stage ``stages + 1``.
    """

    graph: AdderGraph
    x: IntRange
    levels: int
    stages: int

    @cached_property
    def ranges(self) -> tuple[IntRange, ...]:
        """The exact range of each source."""
        return self.graph.ranges((self.x,) * self.graph.inputs)

    def __post_init__(self) -> None:
        if max(self.graph.levels(), default=0) > self.stages * self.levels:
            raise ValueError(f"{self.stages} stages of {self.levels} adders are too few for this graph")

    @property
    def latency(self) -> int:
        """Cycles from the inputs to the outputs."""
        return self.stages + 1

    @cached_property
    def made(self) -> tuple[int, ...]:
        """The stage in which each source is made: as late as its readers allow.

        Many adders read the same few inputs, which have to be carried along anyway: that is cheaper than their sums.
        """
        levels = [self.stages * self.levels] * (self.graph.inputs + len(self.graph.adders))
        for k in reversed(range(self.graph.inputs, len(levels))):
            for operand in set(self.graph.adders[k - self.graph.inputs][:2]) - {NOTHING}:
                levels[operand] = min(levels[operand], levels[k] - 1)
        levels[: self.graph.inputs] = [0] * self.graph.inputs
        return tuple(-(-level // self.levels) for level in levels)

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

# SPDX-License-Identifier: Apache-2.0
"""What every operator family tells the planner and the RTL builder about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.op import Op
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.numerics.range import IntRange
from hwgen.targets import Resources, Target

if TYPE_CHECKING:
    from amaranth.lib.wiring import Component


SPECS = 1 << 14
"""Unit specs to remember: those of all foldings of a node, while each target prices them."""


@dataclass(frozen=True)
class Cycles:
    """Cycles a frame keeps a unit busy, without stalls. Equal ends for everything that does not look at data."""

    best: int
    worst: int

    @classmethod
    def exactly(cls, cycles: int) -> Cycles:
        return cls(cycles, cycles)


@dataclass(frozen=True)
class Folding:
    """One legal way to spend cycles and area on a node. Subclasses name their form and add their fields.

    lanes_in: elements a beat on each operand stream; lanes_out: elements a beat on the result stream.
    All fields are ints, strings, bools or tuples of them: they stand in plan.json by name.
    """

    form: ClassVar[str] = ""
    lanes_in: tuple[int, ...]
    lanes_out: int


@dataclass(frozen=True)
class UnitSpec:
    """All that a unit's hardware depends on. Two stages with equal specs could share one unit."""


@dataclass(frozen=True, eq=False)
class MemoryImage:
    """Contents of one memory of a unit.

    values: integers, shape (depth, lanes); lane 0 sits in the low bits of a word.
    bits: bits a lane in the stored encoding.
    encoding: name of a folder in hwgen/encodings.
    """

    values: np.ndarray
    bits: int
    encoding: str = "twos_complement"

    @property
    def width(self) -> int:
        return self.bits * self.values.shape[1]

    @property
    def depth(self) -> int:
        return self.values.shape[0]


class Kernel(Protocol):
    """One operator family member: its foldings, what they cost, and the hardware that carries them out.

    A kernel of an operator that is not correctly rounded has one method more, ``declared_error(node)``: the LSB by which
    its value may lie off the real one before it is rounded.

    All methods are pure functions; none but `unit` may import Amaranth.
    """

    op: type[Op]

    def foldings(self, node: Node, target: Target) -> tuple[Folding, ...]:
        """Every legal folding of the node, in no special order. Empty: this node has no hardware (a view)."""
        ...

    def orders(self, node: Node, folding: Folding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
        """(order taken on each operand, order of the result). `given` is what the producers would like to send: the
        kernel takes it as it is where it can, and names the order that it needs where it cannot."""
        ...

    def schedule(self, node: Node, folding: Folding) -> Schedule:
        """Exact timing (see hwgen/ir/schedule.py)."""
        ...

    def cycles(self, node: Node, folding: Folding) -> Cycles: ...

    def area(self, node: Node, folding: Folding, target: Target) -> Resources:
        """Predicted cells of the unit with its memories, without queues and adapters around it."""
        ...

    def spec(self, node: Node, folding: Folding) -> UnitSpec: ...

    def merge(self, specs: tuple[UnitSpec, ...]) -> UnitSpec:
        """The smallest spec that can run all stages given; IllegalFolding where there is none."""
        ...

    def unit(self, spec: UnitSpec) -> Component:
        """The hardware (an Amaranth component with the ports of docs/kernels/README.md)."""
        ...

    def program(self, node: Node, folding: Folding, spec: UnitSpec, taken: tuple[Order, ...]) -> dict[str, MemoryImage]:
        """Contents of the unit's memories by name; `taken` are the orders that really arrive on the operands."""
        ...


def arranged_spec(kernel: Kernel, node: Node, folding: Folding, taken: tuple[Order, ...]) -> UnitSpec:
    """The spec of a stage on whose operands the orders `taken` arrive.

    A kernel whose hardware is wired for an order, and not only its memories filled for it, has one method more:
    ``arrange(node, folding, spec, taken)`` returns the spec with those wires.
    """
    spec = kernel.spec(node, folding)
    arrange = getattr(kernel, "arrange", None)
    return arrange(node, folding, spec, taken) if arrange else spec


def is_fallback(kernel: Kernel, node: Node, folding: Folding, target: Target) -> bool:
    """Whether a folding is taken only where no plan without such foldings reaches the goal.

    A kernel with such foldings has one method more, ``is_fallback(node, folding, target)``; to others none is.
    """
    asked = getattr(kernel, "is_fallback", None)
    return bool(asked and asked(node, folding, target))


def lane_counts(extent: int, most: int = 1 << 30) -> tuple[int, ...]:
    """All divisors of `extent` up to `most`: the legal lane counts of an axis."""
    return tuple(n for n in range(1, min(extent, most) + 1) if extent % n == 0)


def output_range(node: Node) -> IntRange:
    """Range of the lanes on the node's result stream."""
    return node.type.range

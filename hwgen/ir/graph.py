# SPDX-License-Identifier: Apache-2.0
"""An immutable graph of integer operators. Nodes point at their sources; iteration is topological."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from hwgen.ir.leaves import Constant, Input
from hwgen.ir.op import Op, TensorType


@dataclass(frozen=True, eq=False)
class Node:
    """An operator applied to its sources.

    name: stable and unique in a graph; becomes the Verilog instance name.
    origin: the user's ONNX node names that this node stands for.
    tensor: the ONNX tensor whose integer codes this node computes, or "" for a value between two of them.
    """

    op: Op
    src: tuple[Node, ...] = ()
    name: str = ""
    origin: tuple[str, ...] = ()
    tensor: str = ""

    @cached_property
    def type(self) -> TensorType:
        return self.op.infer(*self.src)

    @property
    def is_constant(self) -> bool:
        return isinstance(self.op, Constant)

    @property
    def is_input(self) -> bool:
        return isinstance(self.op, Input)

    @property
    def operands(self) -> tuple[Node, ...]:
        """The sources that are streams, in order: those that are not constants."""
        return tuple(s for s in self.src if not s.is_constant)

    def __repr__(self) -> str:
        return f"<{self.op.name} {self.name}>"


@dataclass(frozen=True)
class Label:
    """What the integers of an output mean: real = scale * (code - zero_point) + offset, per tensor or along `axis`.

    offset: not 0 only for the exact sums of a last layer, where it holds the bias.
    """

    scale: tuple[Fraction, ...] = (Fraction(1),)
    zero_point: tuple[int, ...] = (0,)
    axis: int | None = None
    offset: tuple[Fraction, ...] = (Fraction(0),)


@dataclass(frozen=True, eq=False)
class Graph:
    """Named inputs and outputs of a design that computes integers only.

    labels: per output name the affine meaning of its codes.
    """

    inputs: tuple[Node, ...]
    outputs: dict[str, Node]
    labels: dict[str, Label] = field(default_factory=dict)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes, sources first, in a stable order; inputs come first even where unused."""
        seen: dict[int, Node] = {}
        stack: list[tuple[Node, bool]] = [(n, False) for n in (*self.outputs.values(),)][::-1]
        stack += [(n, False) for n in self.inputs][::-1]
        while stack:
            node, done = stack.pop()
            if id(node) in seen:
                continue
            if done:
                seen[id(node)] = node
                continue
            stack.append((node, True))
            stack += [(s, False) for s in node.src[::-1] if id(s) not in seen]
        return tuple(seen.values())

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __getitem__(self, name: str) -> Node:
        return self.by_name[name]

    @cached_property
    def by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates of a frame."""
        return sum(node.op.macs(*node.src) for node in self.nodes)

    def consumers(self, node: Node) -> list[tuple[Node, int]]:
        """Every (consumer, source position) that reads `node`."""
        return [(n, k) for n in self.nodes for k, s in enumerate(n.src) if s is node]

    def rewrite(self, rule: Callable[[Node], Node | None]) -> Graph:
        """A new graph: `rule` sees each node with its sources already rewritten; None keeps the node as it is."""
        new: dict[int, Node] = {}
        for node in self.nodes:
            src = tuple(new[id(s)] for s in node.src)
            same = all(a is b for a, b in zip(src, node.src, strict=True))
            moved = node if same else Node(node.op, src, node.name, node.origin, node.tensor)
            new[id(node)] = rule(moved) or moved
        return Graph(
            tuple(new[id(n)] for n in self.inputs),
            {name: new[id(n)] for name, n in self.outputs.items()},
            self.labels,
        )

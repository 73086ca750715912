# SPDX-License-Identifier: Apache-2.0
"""What flows between the rules: values that are not rounded yet, and what is still to be done to them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hwgen.ir.graph import Node
from onnx_frontend.lower.expression import Exact, Expression, array
from onnx_frontend.quant_graph import Quant, QuantNode, along


@dataclass(frozen=True, eq=False)
class Finish:
    """What turns a tensor into the codes of a rounded tensor: an elementwise function, then rounding to a grid.

    path: the ONNX nodes on the way, the nearest to the source first; its last is the QuantizeLinear.
    tensor: the ONNX tensor whose codes come out, or "" where a move still follows.
    """

    expression: Expression
    quant: Quant
    path: tuple[QuantNode, ...]
    tensor: str

    def after(self, expression: Expression, path: tuple[QuantNode, ...]) -> Finish:
        return replace(self, expression=self.expression.of(expression), path=(*path, *self.path))


@dataclass(frozen=True, eq=False)
class Grid:
    """Codes of a tensor that lies on a grid."""

    node: Node
    quant: Quant


@dataclass(frozen=True, eq=False)
class Affine:
    """Integers whose real meaning is ``scale * node + offset``; scale and offset broadcast against the node.

    narrow: the integers are codes of a grid and not an accumulator: a table may enumerate them.
    name: what a node computed from them should be called.
    """

    node: Node
    scale: Exact
    offset: Exact
    narrow: bool
    name: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", array(self.scale))
        object.__setattr__(self, "offset", array(self.offset))

    @classmethod
    def of_grid(cls, grid: Grid) -> Affine:
        rank = len(grid.node.type.shape)
        scale, zero = (along(v, grid.quant.axis, rank) for v in (grid.quant.scale, grid.quant.zero_point))
        return cls(grid.node, scale, -scale * zero, True, "")

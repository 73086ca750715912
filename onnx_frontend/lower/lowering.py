# SPDX-License-Identifier: Apache-2.0
"""From real-valued ONNX operators to integer nodes, on demand: what must a rounded tensor be computed from?

The only operator that rounds is QuantizeLinear. So lowering starts at each of them with a `Finish`, the function that
leads from some tensor to the rounded codes, and pushes it towards the inputs:

- through elementwise operators, by composing their function in front of it;
- through operators that only move elements, because rounding each element first and moving later is the same;
- down to codes on a grid, or to an exact integer accumulator, where it becomes a Table, a Requantize or a Threshold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.leaves import Constant
from hwgen.ir.op import Op
from onnx_frontend.lower.elementwise import CHANNEL_ARGUMENTS, ELEMENTWISE
from onnx_frontend.lower.expression import Expression, X, fits, shrink
from onnx_frontend.lower.names import Names, snake_case
from onnx_frontend.lower.pending import Affine, Finish, Grid
from onnx_frontend.quant_graph import Quant, QuantGraph, QuantNode

MoveRule = Callable[["Lowering", QuantNode, tuple[Node, ...], str], Node]
AccumulatorRule = Callable[["Lowering", QuantNode], Affine]
RoundRule = Callable[["Lowering", QuantNode, Finish], Node]
GridRule = Callable[["Lowering", QuantNode], Grid | None]
FinishRule = Callable[["Lowering", Affine, Finish], Node]


@dataclass(frozen=True)
class Rules:
    """Which ONNX operator is lowered how. moves: operators that only move elements (one output each call)."""

    moves: dict[str, MoveRule]
    finish_moves: dict[str, Callable[[Lowering, QuantNode, Finish], tuple[Finish, ...] | None]]
    accumulators: dict[str, AccumulatorRule]
    rounded: dict[str, RoundRule]
    grid_rules: dict[str, GridRule]
    finish: FinishRule
    grids: Callable[[Lowering, Affine, Expression, tuple[QuantNode, ...], Quant], Grid | None]


@dataclass
class Lowering:
    """The state of one lowering. done: codes of the quantized tensors lowered so far. norm_error: see `lower`."""

    graph: QuantGraph
    rules: Rules
    names: Names = field(default_factory=Names)
    done: dict[str, Node] = field(default_factory=dict)
    memo: dict[object, object] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    norm_error: Fraction | None = None

    # --- the three questions -----------------------------------------------------------------------------------------

    def rounded(self, tensor: str, finish: Finish) -> Node:
        """Codes of ``round(finish.expression(tensor))`` on the grid of the finish."""
        key = ("rounded", tensor, finish)
        if key not in self.memo:
            self.memo[key] = self._rounded(tensor, finish)
        return self.memo[key]

    def grid(self, tensor: str, reader: QuantNode) -> Grid:
        """Codes of a tensor that has to lie on a grid, because `reader` computes with its codes."""
        key = ("grid", tensor)
        if key not in self.memo:
            self.memo[key] = self._grid(tensor, reader)
        return self.memo[key]

    def affine(self, node: QuantNode) -> Affine:
        """The exact accumulator of an operator."""
        key = ("affine", node.output)
        if key not in self.memo:
            self.memo[key] = self.rules.accumulators[node.op](self, node)
        return self.memo[key]

    # --- answers -----------------------------------------------------------------------------------------------------

    def _rounded(self, tensor: str, finish: Finish) -> Node:
        if self.is_grid(tensor):
            return self.rules.finish(self, Affine.of_grid(self.grid(tensor, finish.path[0])), finish)
        root, expression, path = self.cone(tensor)
        if root != tensor:
            return self.rounded(root, finish.after(expression, path))
        node = self.producer(tensor, finish.path[0])
        finish = replace(finish, path=(node, *finish.path))
        if node.op in self.rules.moves:
            return self._rounded_move(node, finish, tensor)
        if node.op in self.rules.rounded:
            return self.rules.rounded[node.op](self, node, finish)
        if node.op in self.rules.accumulators:
            return self.rules.finish(self, self.affine(node), finish)
        raise self.unsupported(node)

    def _rounded_move(self, node: QuantNode, finish: Finish, output: str) -> Node:
        sources = self.streams(node)
        finishes = self.rules.finish_moves[node.op](self, node, replace(finish, tensor=""))
        if finishes is None:
            grids = [self.grid(name, node) for name in sources]
            moved = Grid(self._moved(node, tuple(g.node for g in grids), output), grids[0].quant)
            return self.rules.finish(self, Affine.of_grid(moved), finish)
        nodes = tuple(self.rounded(name, f) for name, f in zip(sources, finishes, strict=True))
        return self.label(self._moved(node, nodes, output), finish.tensor)

    def _moved(self, node: QuantNode, sources: tuple[Node, ...], output: str) -> Node:
        key = ("moved", output, sources)
        if key not in self.memo:
            self.memo[key] = self.rules.moves[node.op](self, node, sources, output)
        return self.memo[key]

    def _grid(self, tensor: str, reader: QuantNode) -> Grid:
        known = self.graph.tensors[tensor]
        if known.is_constant and known.quant is not None:
            return Grid(self.constant(known.value, tensor), known.quant)
        if tensor in self.done:
            return Grid(self.done[tensor], known.quant)
        node = self.graph.producer.get(tensor)
        if node is not None and node.op == "DequantizeLinear":
            return Grid(self.grid(node.inputs[0], node).node, known.quant)
        if node is not None and node.op in self.rules.moves:
            grids = [self.grid(name, node) for name in self.streams(node)]
            if all(g.quant.same_grid(grids[0].quant) for g in grids):
                quant = self._moved_quant(node, grids[0].quant)
                moved = self._moved(node, tuple(g.node for g in grids), tensor)
                return Grid(self.label(moved, tensor if known.quant else ""), quant)
        if node is not None and node.op in self.rules.grid_rules:
            result = self.rules.grid_rules[node.op](self, node)
            if result is not None:
                return result
        if node is not None:
            root, expression, path = self.cone(tensor)
            if root != tensor:
                source = self.grid(root, reader)
                result = self.rules.grids(self, Affine.of_grid(source), expression, path, source.quant)
                if result is not None:
                    return result
        raise self.not_quantized(tensor, reader)

    def _moved_quant(self, node: QuantNode, quant: Quant) -> Quant:
        if quant.per_tensor:
            return quant
        raise self.graph.refuse(
            node,
            "an activation with one scale per channel is moved",
            found=f"{len(quant.scale)} scales along axis {quant.axis}",
            expected="one scale for the tensor",
            fix="quantize activations per tensor",
        )

    # --- elementwise cones -------------------------------------------------------------------------------------------

    def cone(self, tensor: str) -> tuple[str, Expression, tuple[QuantNode, ...]]:
        """(root, function, ONNX nodes): the tensor as an elementwise function of the nearest tensor that is none."""
        key = ("cone", tensor)
        if key not in self.memo:
            self.memo[key] = self._cone(tensor)
        return self.memo[key]

    def _cone(self, tensor: str) -> tuple[str, Expression, tuple[QuantNode, ...]]:
        node = self.graph.producer.get(tensor)
        leaf = tensor, X, ()
        if self.is_grid(tensor) or node is None or node.op not in ELEMENTWISE:
            return leaf
        shape = self.shape(tensor)
        root, args, path = "", [], []
        for position, name in enumerate(node.inputs):
            if not name or self.graph.tensors[name].is_constant:
                args.append(self._broadcast(node, name, position, len(shape)) if name else None)
                continue
            inner, function, nodes = self.cone(name)
            if self.shape(name) != shape or root not in ("", inner):
                return leaf
            root = inner
            args.append(function)
            path += [n for n in nodes if n not in path]
        result = ELEMENTWISE[node.op](node, args) if root else None
        if result is None or any(not fits(c, shape) for c in result.constants):
            return leaf
        return root, result, (*path, node)

    def _broadcast(self, node: QuantNode, name: str, position: int, rank: int) -> Expression:
        """A constant operand with the rank of the result, cut to extent 1 where it does not vary."""
        value = self.graph.tensors[name].real()
        if node.op in CHANNEL_ARGUMENTS and position:
            value = value.reshape(-1, *[1] * (rank - 2))
        if value.ndim < rank:
            value = value.reshape([1] * (rank - value.ndim) + list(value.shape))
        return Expression.constant(shrink(value))

    # --- small answers -----------------------------------------------------------------------------------------------

    def is_grid(self, tensor: str) -> bool:
        known, maker = self.graph.tensors[tensor], self.graph.producer.get(tensor)
        reread = maker is not None and maker.op == "DequantizeLinear" and self.can_be_grid(maker.inputs[0])
        return known.quant is not None and (known.is_constant or tensor in self.done or reread)

    def can_be_grid(self, tensor: str) -> bool:
        """Whether a tensor is known as codes, or is moved from such."""
        node = self.graph.producer.get(tensor)
        if self.is_grid(tensor) or node is None:
            return self.is_grid(tensor)
        return node.op in self.rules.moves and all(self.can_be_grid(name) for name in self.streams(node))

    def shape(self, tensor: str) -> tuple[int, ...]:
        shape = self.graph.tensors[tensor].shape
        if shape is None:
            raise self.graph.refuse(
                self.graph.first_unknown(tensor),
                "the shape of its result is not known",
                found="no shape rule for this operator",
                expected="an operator of the ONNX standard",
                fix="export with standard operators only",
            )
        return shape

    def streams(self, node: QuantNode) -> list[str]:
        """The inputs of a move that carry elements (not shapes, axes, fill values or bounds)."""
        return list(node.inputs) if node.op == "Concat" else [node.inputs[0]]

    def value(self, node: QuantNode, position: int) -> np.ndarray | None:
        """A constant input of a node, as it stands in the file; None where it is absent."""
        if position >= len(node.inputs) or not node.inputs[position]:
            return None
        tensor = self.graph.tensors[node.inputs[position]]
        if not tensor.is_constant:
            raise self.graph.refuse(
                node,
                "one of its parameters is computed at run time",
                found=f"'{tensor.name}' is not a constant",
                expected="a constant",
                fix="export with constant shapes and parameters",
            )
        return tensor.value

    def producer(self, tensor: str, reader: QuantNode) -> QuantNode:
        node = self.graph.producer.get(tensor)
        if node is None:
            raise self.not_quantized(tensor, reader)
        return node

    # --- making nodes ------------------------------------------------------------------------------------------------

    def emit(self, op: Op, src: tuple[Node, ...], name: str, path: tuple[QuantNode, ...], tensor: str = "") -> Node:
        """A new node with a fresh name; the sources must fit."""
        origin = tuple(dict.fromkeys(n.name or n.output for n in path))
        node = Node(op, src, self.names.take(name), origin)
        try:
            _ = node.type
        except ValueError as error:
            words = "its operands do not fit together", error, "shapes that this operator takes"
            raise self.graph.refuse(path[0], *words, "check the shapes of the model around this node") from error
        if src and all(s.is_constant for s in src):  # as the rounding of a class token that is joined to a stream
            node = replace(node, op=Constant(op.golden(*(s.op.golden() for s in src))[0]), src=())
        return self.label(node, tensor)

    def label(self, node: Node, tensor: str) -> Node:
        """Note that a node computes the codes of an ONNX tensor; its first tensor counts. Gives the node back."""
        if tensor and not node.is_input:
            self.labels.setdefault(node.name, tensor)
        return node

    def constant(self, values: np.ndarray, name: str) -> Node:
        return Node(Constant(np.asarray(values, np.int64)), (), self.names.take(name), (), name)

    def named(self, node: QuantNode) -> str:
        """The user's name for a node, as the start of names here."""
        return snake_case(node.name or node.output)

    # --- refusals ----------------------------------------------------------------------------------------------------

    def unsupported(self, node: QuantNode) -> Exception:
        return self.graph.refuse(
            node,
            "there is no kernel for this operator here",
            found=f"{node.domain + '.' if node.domain else ''}{node.op} between quantized tensors",
            expected="an operator that docs/operators.md lists",
            fix="replace it, or cut the model in front of it: --to TENSOR",
        )

    def not_quantized(self, tensor: str, reader: QuantNode) -> Exception:
        source = self.graph.producer.get(tensor)
        what = f"graph input '{tensor}'" if source is None else f"'{tensor}', from {self.graph.place(source)}"
        fix = f"quantize the model: hwgen quantize {self.graph.file} --calib X.npz"
        if any(known.quant for known in self.graph.tensors.values()):
            fix = f"put a QuantizeLinear and a DequantizeLinear behind '{tensor}' where the model was quantized"
        return self.graph.refuse(
            reader,
            "it computes with a float tensor",
            found=f"{what}: not quantized",
            expected="a QuantizeLinear/DequantizeLinear pair on every activation and every weight",
            fix=fix,
        )

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.leaves import Constant, Input
from hwgen.ir.op import TensorType
from hwgen.kernels.matmul.op import MatMul
from hwgen.numerics.range import IntRange


def matmul(shape=(1, 6, 2, 2), outputs=4, groups=1, axis=1, x=IntRange(0, 255), bits=8, seed=0) -> Node:
    """A node with random weights of `bits` bits, the smallest one among them."""
    rng = np.random.default_rng(seed)
    half = 1 << (bits - 1)
    weights = rng.integers(-half, half, (outputs, shape[axis] // groups))
    weights.flat[0] = -half
    return matmul_with(weights, shape, groups, axis, x)


def matmul_with(weights, shape, groups=1, axis=1, x=IntRange(0, 255)) -> Node:
    source = Node(Input(TensorType(shape, x)), (), "x")
    return Node(MatMul(axis, groups), (source, Node(Constant(np.array(weights)), (), "w")), "matmul")


def pruned(outputs, inputs, window, kept, seed=0, bits=8) -> np.ndarray:
    """Random weights, of which at most `kept` of each `window` inputs are not zero; in some window all of these."""
    rng = np.random.default_rng(seed)
    half = 1 << (bits - 1)
    weights = rng.integers(-half, half, (outputs, inputs // window, window))
    weights[weights == 0] = 1
    weights[0, 0] = -half
    order = rng.permuted(np.broadcast_to(np.arange(window), weights.shape), axis=2)
    few = rng.integers(0, kept, (outputs, inputs // window, 1), endpoint=True)
    few[0, 0] = kept
    return np.where(order < few, weights, 0).reshape(outputs, inputs)

# SPDX-License-Identifier: Apache-2.0
"""How far a float32 sum of known products can be off, over the orders in which engines add.

Every addition rounds its result by at most u = 2**-24 of it, so whatever the order, a sum is off by at most u times
the sum of the magnitudes of all partial sums on the way. Of K products with both signs these stay near sqrt(K) of one
product, not K, so with the actual products this is far tighter than ``K * u * sum(|products|)``. The orders looked at
are one after the other; in blocks, as matrix kernels do to stay in the cache; and in parallel lanes joined by a tree,
as vector units do. With fused multiply-add the products themselves are not rounded, which only makes it less.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwgen.ir.graph import Node
from hwgen.kernels.matmul.op import MatMul, weights_of

BLOCKS = (32, 64, 128, 256, 512, 1024)
LANES = (4, 8, 16, 32, 64)
AT_ONCE = 1 << 22  # products held at a time


def largest_partial_sums(products: np.ndarray) -> np.ndarray:
    """For each row of ``(n, K)`` float64 products the sum of the magnitudes of all partial sums, in the worst order."""
    return np.max(np.stack(list(_orders(products))), axis=0)


def _orders(products: np.ndarray) -> Iterator[np.ndarray]:
    yield _one_after_the_other(products)
    count = products.shape[1]
    for block in BLOCKS:
        if block < count:
            blocks = _filled(products, block).reshape(len(products), -1, block)
            inside = _one_after_the_other(blocks).sum(axis=1)
            yield inside + _one_after_the_other(blocks.sum(axis=2))
    for lanes in LANES:
        if lanes < count:
            streams = np.swapaxes(_filled(products, lanes).reshape(len(products), -1, lanes), 1, 2)
            yield _one_after_the_other(streams).sum(axis=1) + _tree(streams.sum(axis=2))


def _one_after_the_other(terms: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(np.cumsum(terms, axis=-1)).sum(axis=-1))


def _tree(terms: np.ndarray) -> np.ndarray:
    total = np.zeros(len(terms))
    while terms.shape[1] > 1:
        terms = terms[:, 0::2] + terms[:, 1::2]
        total += np.abs(terms).sum(axis=1)
    return total


def _filled(products: np.ndarray, size: int) -> np.ndarray:
    """Zeros behind the products, up to a multiple of `size`: adding them rounds nothing."""
    return np.pad(products, ((0, 0), (0, -products.shape[1] % size)))


def partial_sums_of(node: Node, x: np.ndarray, zero_point: int, where: tuple[np.ndarray, ...]) -> np.ndarray:
    """`largest_partial_sums` of chosen elements of a MatMul's result, in units of a product of codes.

    x: the operand ``(samples, *shape)``; where: indices of the elements, the sample first.
    """
    op = node.op
    assert isinstance(op, MatMul)
    weights = weights_of(node.src)
    axis = 1 + op.axis
    channel = where[axis]
    columns = np.moveaxis(x, axis, -1)
    others = tuple(index for k, index in enumerate(where) if k != axis)
    first = channel // (len(weights) // op.groups) * weights.shape[1]
    found = np.empty(len(channel))
    step = max(1, AT_ONCE // weights.shape[1])
    for at in range(0, len(channel), step):
        here = slice(at, at + step)
        inputs = columns[tuple(index[here] for index in others)].astype(np.float64) - zero_point
        taken = first[here, np.newaxis] + np.arange(weights.shape[1])
        products = np.take_along_axis(inputs, taken, axis=1) * weights[channel[here]]
        found[here] = largest_partial_sums(products)
    return found

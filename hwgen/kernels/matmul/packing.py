# SPDX-License-Identifier: Apache-2.0
"""Several products in one multiplication: weights of several outputs side by side, times the input that they share.

    (w0 + w1 * 2**s) * x = w0 * x + (w1 * x) * 2**s

Sums of such products keep the sums of the outputs apart, as long as each fits its field of s bits: how many products that
are follows from the known weights. A negative field borrows from the one above it. Half of its span, added to every field
but the highest, keeps all of them from going negative: the fields are then exact as they stand, with the highest bit of
those that were lifted inverted. What the weights side by side are below a field is known as well, so they are stored with
what it borrows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from hwgen import costs
from hwgen.ir.graph import Node
from hwgen.kernels.matmul.contraction import signed_bits
from hwgen.kernels.matmul.op import weights_of
from hwgen.numerics.range import IntRange
from hwgen.targets import Family, Resources


@dataclass(frozen=True)
class Packing:
    """products: fields of a word; field_bits: of each; code_bits: of the stored weight in each field, lowest first."""

    products: int
    field_bits: int
    code_bits: tuple[int, ...]

    def of(self, products: int) -> Packing:
        """The same fields in a word of fewer."""
        return replace(self, products=products, code_bits=self.code_bits[:products])

    @property
    def factor_bits(self) -> int:
        """Of the weights side by side."""
        return (self.products - 1) * self.field_bits + self.code_bits[-1]

    def starts(self, lanes: int) -> tuple[int, ...]:
        """Where the code of each of `lanes` output lanes begins in their memory word, and where the last one ends."""
        bits = [self.code_bits[lane % self.products] for lane in range(lanes)]
        return tuple(sum(bits[:lane]) for lane in range(lanes + 1))

    @property
    def word_bits(self) -> int:
        """Of the sums side by side."""
        return self.products * self.field_bits

    @property
    def lift(self) -> int:
        """What is added to a word so that no field goes negative but the highest."""
        return sum(1 << (k * self.field_bits + self.field_bits - 1) for k in range(self.products - 1))


@lru_cache(maxsize=4096)
def packing_for(node: Node, lanes: int, products: int, terms: int, lifted: bool = True) -> Packing:
    """The packing of a MatMul of which `lanes` outputs are computed at the same time, for sums of `terms` products.

    lifted: whether `Packing.lift` is added to the words; fields that are not also hold what is borrowed from them.
    """
    sums = _sums_of(node)[terms - 1]
    return packing_of(weights_of(node.src), lanes, products, sums if lifted else IntRange(sums.lo - 1, sums.hi))


@lru_cache(maxsize=256)
def _sums_of(node: Node) -> tuple[IntRange, ...]:
    return largest_sums(weights_of(node.src), node.src[0].type.range)


def packing_of(weights: np.ndarray, lanes: int, products: int, sums: IntRange) -> Packing:
    """The narrowest packing of `weights` (M, K), of which `lanes` consecutive rows are computed at the same time, for sums
    in the range `sums`."""
    codes = packed_codes(weights, lanes, products).reshape(-1, lanes, weights.shape[1])
    bits = (signed_bits(IntRange.of_array(codes[:, field::products])) for field in range(products))
    return Packing(products, signed_bits(sums), tuple(bits))


def packed_codes(weights: np.ndarray, lanes: int, products: int) -> np.ndarray:
    """What is stored for each weight: itself, less what the fields below it borrow."""
    codes = weights.astype(np.int64).reshape(-1, lanes, weights.shape[-1])
    for lane in range(lanes):
        if lane % products:
            codes[:, lane] -= codes[:, lane - 1] < 0
    return codes.reshape(weights.shape)


def code_words(codes: np.ndarray, packing: Packing) -> np.ndarray:
    """Codes of shape (..., lanes) as the bits of memory words, lowest first, side by side in the last axis."""
    lanes = codes.shape[-1]
    bits = [
        (codes[..., lane, None] >> np.arange(packing.code_bits[lane % packing.products])) & 1 for lane in range(lanes)
    ]
    return np.concatenate(bits, axis=-1)


def largest_sums(weights: np.ndarray, x: IntRange) -> tuple[IntRange, ...]:
    """At index n - 1 the range of the sum of any n products of one row of `weights` (M, K) with inputs in `x`."""
    ends = np.stack([weights.astype(np.int64) * x.lo, weights.astype(np.int64) * x.hi])
    highest = np.sort(ends.max(axis=0), axis=1)[:, ::-1].cumsum(axis=1).max(axis=0)
    lowest = np.sort(ends.min(axis=0), axis=1).cumsum(axis=1).min(axis=0)
    return tuple(IntRange(lo, hi) for lo, hi in zip(lowest.tolist(), highest.tolist(), strict=True))


def packed_products(family: Family, packing: Packing, x_bits: int, lanes: int, terms: int) -> Resources:
    """The multipliers of `lanes` output lanes and the trees that add up `terms` words of each of them, and what puts their
    borrowed fields right."""
    total = Resources()
    for first in range(0, lanes, packing.products):
        own = packing.of(min(packing.products, lanes - first))
        tree = costs.adder_tree(family, terms, own.factor_bits + x_bits, own.word_bits)
        total += tree + costs.times(terms, costs.multiplier(family, own.factor_bits, x_bits))
        total += Resources(luts=own.products - 1)
    return total

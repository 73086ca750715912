# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from hwgen.kernels.matmul.packing import Packing, largest_sums, packed_codes, packing_of
from hwgen.numerics.range import IntRange


def factor(codes: list[int], packing: Packing) -> int:
    """The weights side by side, as the hardware joins them: each field cut to its bits."""
    mask = (1 << packing.field_bits) - 1
    low = sum((code & mask) << (k * packing.field_bits) for k, code in enumerate(codes[:-1]))
    return low + (codes[-1] << (packing.field_bits * (len(codes) - 1)))


def fields(word: int, packing: Packing) -> list[int]:
    """The signed sums in a word that was lifted."""
    found, half = [], 1 << (packing.field_bits - 1)
    for k in range(packing.products):
        field = (word >> (k * packing.field_bits)) & (2 * half - 1)
        field ^= half if k < packing.products - 1 else 0
        found.append(field - 2 * half if field >= half else field)
    return found


@pytest.mark.parametrize("products", [1, 2, 3])
@pytest.mark.parametrize("x", [IntRange(-4, 3), IntRange(0, 7)], ids=str)
def test_every_product_of_three_bits_comes_apart_again(products: int, x: IntRange) -> None:
    for weights in product(range(-4, 4), repeat=products):
        matrix = np.array(weights).reshape(products, 1)
        packing = packing_of(matrix, products, products, largest_sums(matrix, x)[0])
        codes = packed_codes(matrix, products, products)[:, 0].tolist()
        assert all(abs(2 * code + 1) < 1 << bits for code, bits in zip(codes, packing.code_bits, strict=True))
        whole = factor(codes, packing)
        assert -(1 << (packing.factor_bits - 1)) <= whole < 1 << (packing.factor_bits - 1)
        for value in range(x.lo, x.hi + 1):
            word = (whole * value + packing.lift) % (1 << packing.word_bits)
            assert fields(word, packing) == [w * value for w in weights]


@pytest.mark.parametrize("lanes, products", [(2, 2), (5, 3), (4, 3)])
def test_sums_of_the_largest_products_fit_their_fields(lanes: int, products: int) -> None:
    terms, x = 4, IntRange(-128, 127)
    rng = np.random.default_rng(0)
    matrix = rng.choice([-128, -127, 127], (2 * lanes, 6))
    packing = packing_of(matrix, lanes, products, largest_sums(matrix, x)[terms - 1])
    codes = packed_codes(matrix, lanes, products)
    for columns in combinations(range(6), terms):
        for row in range(0, 2 * lanes, lanes):
            for lane in range(0, lanes, products):
                rows = list(range(row + lane, row + min(lane + products, lanes)))
                own = packing.of(len(rows))
                for ends in product((x.lo, x.hi), repeat=terms):
                    whole = sum(
                        factor([int(codes[r, c]) for r in rows], own) * end
                        for c, end in zip(columns, ends, strict=True)
                    )
                    sums = [sum(int(matrix[r, c]) * end for c, end in zip(columns, ends, strict=True)) for r in rows]
                    assert fields((whole + own.lift) % (1 << own.word_bits), own) == sums


@pytest.mark.parametrize("x", [IntRange(-3, 5), IntRange(0, 9), IntRange(2, 4), IntRange(-4, -1)], ids=str)
def test_the_range_of_sums_is_that_of_the_worst_choice_of_terms(x: IntRange) -> None:
    matrix = np.random.default_rng(1).integers(-8, 8, (3, 5))
    for terms in (1, 2, 5):
        every = [
            sum(int(w) * end for w, end in zip(row[list(columns)], ends, strict=True))
            for row in matrix
            for columns in combinations(range(5), terms)
            for ends in product((x.lo, x.hi), repeat=terms)
        ]
        assert largest_sums(matrix, x)[terms - 1] == IntRange(min(every), max(every))

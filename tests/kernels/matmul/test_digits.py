# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.kernels.matmul.digits import Digit, code_bits, codes_of, digits_of, multiples_of
from hwgen.numerics.range import IntRange


def read_back(codes: np.ndarray, digits: tuple[Digit, ...]) -> np.ndarray:
    picks = [np.array(d.multiples)[codes >> d.position & len(d.multiples) - 1] << d.shift for d in digits]
    return sum(picks)


@pytest.mark.parametrize(
    "values", [(-1, 1), (0, 1), (-2, 3), (5, 5), (-1, 0, 1), (-8, 7), (0, 255), (-300, 17), (0, 6)]
)
def test_the_digits_of_a_stored_weight_pick_multiples_that_add_up_to_it(values: tuple[int, ...]) -> None:
    weights = np.array([values])
    digits = digits_of(weights)
    codes = codes_of(weights, digits)
    assert np.array_equal(read_back(codes, digits), weights)
    assert codes.min() >= 0 and int(codes.max()) < 1 << code_bits(digits)


def test_two_values_take_one_bit_and_ternary_weights_two() -> None:
    assert code_bits(digits_of(np.array([-1, 1, 1]))) == 1
    assert code_bits(digits_of(np.array([-1, 0, 1]))) == 2
    assert code_bits(digits_of(np.array([-8, 7]))) == 4


def test_weights_that_are_never_negative_need_no_negative_multiple() -> None:
    assert multiples_of(digits_of(np.arange(16))) == (0, 1, 2, 3)
    assert min(multiples_of(digits_of(np.arange(-8, 8)))) == -2


def test_the_range_of_a_digit_holds_all_that_it_can_pick() -> None:
    assert Digit(0, (0, 1, -2, -1), 0).range(IntRange(-3, 10)) == IntRange(-20, 10)
    assert Digit(0, (1, -1), 0).range(IntRange(0, 1)) == IntRange(-1, 1)

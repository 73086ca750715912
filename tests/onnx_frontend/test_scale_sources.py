# SPDX-License-Identifier: Apache-2.0
"""The bit patterns of the file that give a node's ratio and offset, and nothing where they do not."""

from __future__ import annotations

import struct
from fractions import Fraction

from onnx_frontend.scale_sources import bits_of, scale_sources
from tests.models import lowered, quantized
from tests.onnx_frontend.lower.test_layers import CONV, CONV_WEIGHTS, PAIR, net


def sources(text: str) -> dict:
    return scale_sources(quantized(text), lowered(text))


def value(digits: str) -> float:
    return struct.unpack(">f", bytes.fromhex(digits))[0]


def test_a_convolution_names_its_scales_and_its_bias() -> None:
    (found,) = sources(net("1,2,4,4", "1,2,2,2", CONV + "h = Relu(c)", CONV_WEIGHTS)).values()
    assert found["factors"][0]["tensor"] == "q" and len(found["factors"]) == 2
    assert found["y"]["tensor"] == "y_q" and value(found["y"]["float32"][0]) == 0.25
    assert found["divisor"] == "1" and len(found["integer"]) == 2


def test_a_sum_names_both_operands() -> None:
    found = sources(net("1,3,4", "1,3,4", PAIR + "h = Sub(d, e)"))
    (pair,) = (s for s in found.values() if "signs" in s)
    assert pair["signs"] == [1, -1]
    assert (pair["a"]["tensor"], pair["b"]["tensor"]) == ("q", "r_q")


def test_an_average_names_its_divisor() -> None:
    text = net("1,2,4,4", "1,2,2,2", "h = AveragePool<kernel_shape=[2,2], strides=[2,2]>(d)")
    (found,) = sources(text).values()
    assert found["divisor"] == "4" and [f["tensor"] for f in found["factors"]] == ["q"]


def test_numbers_that_are_no_products_of_scales_are_left_as_fractions() -> None:
    body = CONV + "h = Mul(c, third)"
    found = sources(net("1,2,4,4", "1,2,2,2", body, CONV_WEIGHTS + ", float third={0.3333}"))
    assert found == {}


def test_bits_are_those_of_float32() -> None:
    assert bits_of([Fraction(1), Fraction(-1, 2)]) == ["3f800000", "bf000000"]

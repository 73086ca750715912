# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from onnx_frontend.lower.names import LONGEST, Names, snake_case


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("conv1", "conv1"),
        ("Conv_1", "conv_1"),
        ("/layers/0/Gemm", "layers_0_gemm"),
        ("model/conv2d/BiasAdd;model/conv2d/Conv2D_prequant", "model_conv2d_conv2d"),
        ("x_QuantizeLinear_Output", "x"),
        ("3dconv", "n_3dconv"),
        ("output", "n_output"),
        ("äöü", "node"),
    ],
)
def test_names_are_legal_and_keep_the_users_words(text, name):
    assert snake_case(text) == name


def test_long_names_lose_folders_in_front_and_then_keep_their_end():
    assert snake_case("a" * 30 + "/" + "b" * 30) == "b" * 30
    long = snake_case("c" * 100)
    assert len(long) == LONGEST
    assert long != snake_case("c" * 101)


def test_a_name_is_given_once():
    names = Names()
    assert [names.take(n) for n in ("conv", "Conv", "conv", "conv_2")] == ["conv", "conv_2", "conv_3", "conv_2_2"]

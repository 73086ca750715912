# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from tests.models import parse, quantized

HEAD = '<ir_version: 8, opset_import: ["" : 17]>\n'


def operators(body: str, constants: str = "float k={0.5}") -> list[str]:
    text = f"m (float[1,4,6] x) => (float[1,4,6] y) <{constants}> {{ {body} }}"
    return [n.op for n in quantized(parse(HEAD + text)).nodes]


@pytest.mark.parametrize(
    ("body", "constants"),
    [
        ("h = Expand(x, s)\n y = Relu(h)", "int64[3] s={1,4,6}"),
        ("h = Tile(x, s)\n y = Relu(h)", "int64[3] s={1,1,1}"),
        ("h = Where(c, x, k)\n y = Relu(h)", "bool[1] c={1}, float k={0.5}"),
        ("h = Where(c, k, x)\n y = Relu(h)", "bool[1,4,1] c={0,0,0,0}, float k={0.5}"),
        ("h = Dropout(x)\n y = Relu(h)", "float k={0.5}"),
        ("h = Cast<to=1>(x)\n i = Identity(h)\n y = Relu(i)", "float k={0.5}"),
    ],
)
def test_what_changes_nothing_is_gone(body, constants):
    assert operators(body, constants) == ["Relu"]


def test_nothing_behind_a_softmax_or_a_dequantizer_is_not_a_number():
    guard = "h = Softmax(x)\n n = IsNaN(h)\n g = Where(n, k, h)\n y = Relu(g)"
    assert operators(guard) == ["Softmax", "Relu"]
    assert operators("h = Sqrt(x)\n n = IsNaN(h)\n y = Where(n, k, h)") == ["Sqrt", "IsNaN", "Where"]


def test_a_repeat_that_grows_stays():
    text = "m (float[1,1,6] x) => (float[1,4,6] y) <int64[3] s={1,4,6}> { h = Expand(x, s)\n y = Relu(h) }"
    assert [n.op for n in quantized(parse(HEAD + text)).nodes] == ["Expand", "Relu"]


def test_a_condition_with_both_sides_stays():
    constants = "bool[6] c={1,1,0,1,1,1}, float k={0.5}"
    assert operators("h = Where(c, x, k)\n y = Relu(h)", constants) == ["Where", "Relu"]

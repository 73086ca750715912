# SPDX-License-Identifier: Apache-2.0
"""Operators that move, pick or pool elements."""

from __future__ import annotations

import pytest

from hwgen.errors import UnsupportedOp
from hwgen.kernels.requantize.op import Requantize
from tests.models import assert_equal_to_oracle, lowered
from tests.onnx_frontend.lower.test_layers import CONV, CONV_WEIGHTS, PAIR, net


def kinds(text: str) -> list[str]:
    return [n.op.name for n in lowered(text)]


@pytest.mark.parametrize(
    ("x", "y", "body", "constants"),
    [
        ("1,2,3,4", "1,4,3,2", "h = Transpose<perm=[0,3,2,1]>(d)", ""),
        ("1,2,3", "3,2,1", "h = Transpose(d)", ""),
        ("1,2,3,4", "1,24", "h = Flatten(d)", ""),
        ("1,2,3,4", "1,6,4", "h = Reshape(d, s)", "int64[3] s={0,-1,4}"),
        ("1,2,1,4", "1,2,4", "h = Squeeze(d, s)", "int64[1] s={2}"),
        ("1,2,4", "1,2,1,4", "h = Unsqueeze(d, s)", "int64[1] s={-2}"),
        (
            "1,6,4",
            "1,3,2",
            "h = Slice(d, b, e, a, t)",
            "int64[2] b={0,-3}, int64[2] e={6,9}, int64[2] a={1,2}, int64[2] t={2,2}",
        ),
        ("1,6,4", "1,4", "h = Gather<axis=1>(d, i)", "int64 i={-2}"),
        ("1,6,4", "1,3,4", "h = Gather<axis=1>(d, i)", "int64[3] i={1,3,5}"),
        ("1,2,3", "1,4,3", "h = Concat<axis=1>(d, d)", ""),
        ("1,2,3", "1,2,6", PAIR + "h = Concat<axis=-1>(d, e)", ""),
    ],
)
def test_moves(x, y, body, constants):
    assert_equal_to_oracle(net(x, y, body, constants))


@pytest.mark.parametrize("scale", ["sx", "sk"])
def test_a_constant_is_joined_as_codes_of_the_result(scale):
    body = f"k = DequantizeLinear(kq, {scale}, zx)\n h = Concat<axis=1>(k, d)"
    text = net("1,2,3", "1,3,3", body, "float sk={0.11}, int8[1,1,3] kq={-128,5,127}")
    assert "Constant" in kinds(text)
    assert_equal_to_oracle(text)


def test_the_parts_of_a_split_go_their_own_ways():
    body = "a, b = Split<axis=1>(d, s)\n r = Relu(b)\n h = Concat<axis=1>(r, a)"
    text = net("1,5,2", "1,5,2", body, "int64[2] s={2,3}")
    assert kinds(text).count("Slice") == 2
    assert_equal_to_oracle(text)


def test_rounding_comes_before_a_move_so_that_codes_travel():
    text = net(
        "1,2,4,4",
        "1,9,2",
        CONV + "f = Reshape(c, s)\n h = Transpose<perm=[0,2,1]>(f)",
        CONV_WEIGHTS + ", int64[3] s={1,2,9}",
    )
    assert kinds(text)[-3:] == ["Requantize", "Reshape", "Transpose"]
    assert_equal_to_oracle(text)


def test_constants_per_channel_find_their_channel_through_a_move():
    body = CONV + "f = Transpose<perm=[0,2,3,1]>(c)\n b = Add(f, k)\n g = Reshape(b, s)\n h = Relu(g)"
    text = net("1,2,4,4", "1,18", body, CONV_WEIGHTS + ", float[2] k={0.5,-1.5}, int64[2] s={1,18}")
    assert kinds(text)[-3:] == ["Requantize", "Transpose", "Reshape"]
    assert_equal_to_oracle(text)


def test_branches_of_a_concat_are_rounded_to_its_grid_first():
    text = net("1,2,3", "1,4,3", PAIR + "j = Concat<axis=1>(d, e)\n h = Relu(j)")
    assert kinds(text) == ["Input", "Table", "Table", "Table", "Concat"]
    assert_equal_to_oracle(text)


def test_constants_per_channel_behind_a_concat_are_cut_for_each_branch():
    body = PAIR + "j = Concat<axis=1>(d, e)\n b = Mul(j, k)\n h = Relu(b)"
    assert_equal_to_oracle(net("1,2,3", "1,4,3", body, "float[4,1] k={0.5,-1.5,2.0,0.25}"))


def test_backward_slices_are_refused():
    with pytest.raises(UnsupportedOp, match="runs backwards"):
        lowered(
            net(
                "1,6",
                "1,6",
                "h = Slice(d, b, e, a, t)",
                "int64[1] b={5}, int64[1] e={-9}, int64[1] a={1}, int64[1] t={-1}",
            )
        )


def test_an_uneven_gather_joins_its_even_runs():
    text = net("1,6,4", "1,5,4", "h = Gather<axis=1>(d, i)", "int64[5] i={1,2,5,0,-2}")
    assert kinds(text).count("Concat") == 1 and kinds(text).count("Slice") == 3
    assert_equal_to_oracle(text)


@pytest.mark.parametrize("pool", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize(
    ("x", "y", "attributes"),
    [
        ("1,3,6,6", "1,3,3,3", "kernel_shape=[2,2], strides=[2,2]"),
        ("1,3,6,6", "1,3,6,6", "kernel_shape=[3,3], pads=[1,1,1,1]"),
        ("1,2,7", "1,2,4", 'kernel_shape=[2], strides=[2], auto_pad="SAME_UPPER"'),
        ("1,2,7", "1,2,4", "kernel_shape=[2], strides=[2], ceil_mode=1"),
        ("1,2,5,4", "1,2,1,1", "kernel_shape=[5,4]"),
        ("1,2,6", "1,2,6", "kernel_shape=[1]"),
    ],
)
def test_pools(pool, x, y, attributes):
    assert_equal_to_oracle(net(x, y, f"h = {pool}<{attributes}>(d)"))


def test_an_average_that_counts_its_padding():
    assert_equal_to_oracle(
        net("1,2,6", "1,2,7", "h = AveragePool<kernel_shape=[3], pads=[1,2], count_include_pad=1>(d)")
    )


@pytest.mark.parametrize(
    "op",
    [
        "GlobalAveragePool(d)",
        "ReduceMean<axes=[2,3]>(d)",
        "GlobalMaxPool(d)",
        "ReduceMean<axes=[2], keepdims=1>(d)",
        "ReduceMean<axes=[1]>(d)",
    ],
)
def test_global_pools_and_means(op):
    y = {"ReduceMean<axes=[2], keepdims=1>(d)": "1,3,1,5", "ReduceMean<axes=[1]>(d)": "1,1,4,5"}.get(op, "1,3,1,1")
    assert_equal_to_oracle(net("1,3,4,5", y, f"h = {op}"), 32)


def test_a_maximum_of_unrounded_sums_is_taken_over_codes():
    text = net(
        "1,2,5,5", "1,2,2,2", CONV + "r = Relu(c)\n h = MaxPool<kernel_shape=[2,2], strides=[2,2]>(r)", CONV_WEIGHTS
    )
    names = kinds(text)
    assert names.index("Requantize") < names.index("Reduce")
    assert_equal_to_oracle(text, 32)


def test_a_falling_function_behind_a_maximum_stays_behind_it():
    text = net("1,2,4", "1,2,2", "m = MaxPool<kernel_shape=[2], strides=[2]>(d)\n h = Neg(m)")
    assert kinds(text) == ["Input", "Window", "Reduce", "Table"]
    assert_equal_to_oracle(text)


@pytest.mark.parametrize("value", ["0.0", "0.431", "-3.3"])
def test_pads_with_a_constant(value):
    text = net("1,2,3,4", "1,2,5,7", "h = Pad(d, p, v)", f"int64[8] p={{0,0,1,0,0,0,1,3}}, float v={{{value}}}")
    assert_equal_to_oracle(text)


def test_a_pad_in_front_of_a_convolution_pads_with_the_zero_point():
    body = "p_d = Pad(d, p)\n v = DequantizeLinear(w, sw, zw)\n h = Conv(p_d, v)"
    assert_equal_to_oracle(net("1,2,3,3", "1,2,4,4", body, CONV_WEIGHTS + ", int64[8] p={0,0,1,1,0,0,1,1}"))


def test_other_pads_are_refused():
    with pytest.raises(UnsupportedOp, match="this way of padding is not supported"):
        lowered(net("1,2,3,4", "1,2,3,4", 'h = Pad<mode="reflect">(d, p)', "int64[8] p={0,0,1,0,0,0,-1,0}"))


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("transform", ["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"])
@pytest.mark.parametrize("sizes", ["1,2,6,8", "1,2,5,3", "1,2,1,9"])
def test_resizing(mode, transform, sizes):
    body = f'h = Resize<mode="{mode}", coordinate_transformation_mode="{transform}">(d, , , s)'
    assert_equal_to_oracle(net("1,2,3,4", sizes, body, f"int64[4] s={{{sizes}}}"), 32)


@pytest.mark.parametrize("scales", ["2.0,2.0", "1.5,0.5", "3.0,1.0"])
def test_resizing_by_scales(scales):
    factors = [float(s) for s in scales.split(",")]
    y = f"1,2,{int(4 * factors[0])},{int(4 * factors[1])}"
    body = 'h = Resize<mode="linear", coordinate_transformation_mode="half_pixel">(d, , s)'
    text = net("1,2,4,4", y, body, f"float[4] s={{1.0,1.0,{scales}}}")
    assert isinstance(lowered(text).outputs["y_q"].op, Requantize)
    assert_equal_to_oracle(text, 32)


def test_cubic_resizing_is_refused():
    with pytest.raises(UnsupportedOp, match="this way of resizing is not supported"):
        lowered(net("1,2,4,4", "1,2,8,8", 'h = Resize<mode="cubic">(d, , , s)', "int64[4] s={1,2,8,8}"))


def test_a_batch_of_two_frames_that_cannot_be_told_apart_is_refused_where_it_matters():
    body = "t = Transpose<perm=[1,0,2,3]>(d)\n [pool] h = MaxPool<kernel_shape=[2,2]>(t)"
    with pytest.raises(
        UnsupportedOp, match=r"MaxPool 'pool' \(node 3 of test.onnx\): this shape of input is not supported"
    ):
        lowered(net("2,3,4,4", "3,2,3,3", body))

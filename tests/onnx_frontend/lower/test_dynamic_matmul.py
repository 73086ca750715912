# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import pytest

from hwgen.errors import UserError
from hwgen.passes.optimize import optimize
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal
from hwgen.targets import Target
from tests.harness import check_design
from tests.models import Pair, assert_equal_to_oracle, lowered
from tests.static_nets import attention, packed_attention, quantize


def product(left: str, right: str, made: str) -> str:
    """Two graph inputs multiplied, with zero points on both sides."""
    return f"""<ir_version: 8, opset_import: ["" : 17]>
    m (float[{left}] x, float[{right}] v) => (float[{made}] y)
    <float sx={{0.05}}, int8 zx={{-7}}, float sv={{0.02}}, uint8 zv={{131}}, float sy={{0.11}}, int8 zy={{3}}> {{
      x_q = QuantizeLinear(x, sx, zx)
      d = DequantizeLinear(x_q, sx, zx)
      v_q = QuantizeLinear(v, sv, zv)
      e = DequantizeLinear(v_q, sv, zv)
      h = MatMul(d, e)
      h_q = QuantizeLinear(h, sy, zy)
      y = DequantizeLinear(h_q, sy, zy)
    }}"""


@pytest.mark.parametrize(
    "left, right, made", [("3,5", "5,4", "3,4"), ("2,3,5", "2,5,4", "2,3,4"), ("1,3,5", "5,4", "1,3,4")]
)
def test_products_of_two_inputs_equal_the_oracle(left: str, right: str, made: str) -> None:
    assert_equal_to_oracle(product(left, right, made), 64)


@pytest.mark.parametrize("left, right, made", [("2,3,5", "5,4", "2,3,4"), ("5", "5,4", "4")])
def test_an_operand_that_several_matrices_share_is_refused(left: str, right: str, made: str) -> None:
    with pytest.raises(UserError, match="equal leading axes"):
        lowered(product(left, right, made))


@pytest.mark.parametrize("fps", [None, 100_000])
def test_attention_is_built_without_a_reorder(fps: int | None, tmp_path) -> None:
    graph = lowered(quantize(attention(), ("QInt8", "QInt8"), False, False, False, tmp_path))
    plan = make_plan(graph, Target.named("ecp5-85k"), Goal(None if fps is None else Fraction(fps)))
    ops = [stage.node.op.name for stage in plan.stages]
    assert ops.count("DynamicMatMul") == 2 and "Reorder" not in ops
    check_design(plan, frames=3)


@pytest.mark.parametrize("style", ["gather", "split", "slice"])
def test_queries_keys_and_values_of_one_projection_are_taken_apart(style: str, tmp_path) -> None:
    pair = Pair.of(quantize(packed_attention(style), ("QUInt8", "QInt8"), True, False, False, tmp_path))
    compared = pair.compare(20)
    assert compared.compared > 20_000 and compared.unexplained == 0 and compared.max_lsb <= 1
    check_design(make_plan(optimize(pair.graph), Target.named("generic"), Goal()), frames=2)

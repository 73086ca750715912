# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.errors import UserError
from hwgen.kernels.softmax.op import Softmax
from tests.models import Pair, assert_equal_to_oracle, lowered
from tests.onnx_frontend.lower.test_layers import ints, net

OUT = f"float sh={{0.5}}, float su={{0.00392157}}, uint8 zu={{0}}, int8[5,2] w={{{ints(10)}}}"


def rounded(attributes: str, behind: str = "t = Identity(s)", opset: int = 13) -> str:
    """Softmax rounded to a byte in front of a matrix, so that it cannot stay on the host."""
    body = f"""s = Softmax{attributes}(d)
      {behind}
      t_q = QuantizeLinear(t, su, zu)
      e = DequantizeLinear(t_q, su, zu)
      v = DequantizeLinear(w, sw, zw)
      h = MatMul(e, v)"""
    return f'<ir_version: 8, opset_import: ["": {opset}]>' + net("2,3,5", "2,3,2", body, OUT)


@pytest.mark.parametrize("attributes", ["", "<axis=-1>", "<axis=1>", "<axis=0>"])
@pytest.mark.parametrize("opset", [11, 13])
def test_softmax_runs_over_the_axes_of_its_opset(attributes: str, opset: int) -> None:
    assert assert_equal_to_oracle(rounded(attributes, opset=opset), 64).different == 0


def test_a_factor_behind_it_joins_the_scale() -> None:
    model = rounded("<axis=-1>", behind="t = Mul(s, sh)")
    assert assert_equal_to_oracle(model, 64).different == 0
    (op,) = (n.op for n in lowered(model).nodes if isinstance(n.op, Softmax))
    assert round(op.ratio) == 127


def test_what_is_no_factor_is_refused() -> None:
    with pytest.raises(UserError, match=r"this function of a Softmax is not supported"):
        Pair.of(rounded("<axis=-1>", behind="t = Sqrt(s)"))


def test_an_input_of_16_bits_is_refused() -> None:
    model = rounded("<axis=-1>").replace("int8 zx={-7}", "int16 zx={-7}").replace('"": 13', '"": 21')
    with pytest.raises(UserError, match=r"Softmax 's'.*its input has too many codes\n  found:    65,536 codes"):
        lowered(model)

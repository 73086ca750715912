# SPDX-License-Identifier: Apache-2.0
"""Embeddings: Gather of a constant table by the model's own integer inputs."""

from __future__ import annotations

import numpy as np
import pytest

from hwgen.errors import UserError
from hwgen.kernels.lookup.op import Lookup
from hwgen.numerics.range import IntRange
from onnx_frontend.host_boundary import host_boundary
from tests.models import Pair, lowered
from tests.onnx_frontend.lower.test_layers import ints

TABLE = f"int8[9,4] t={{{ints(36)}}}"
NET = """<ir_version: 8, opset_import: ["": 17]> m (int64[1,3] ids) => (float[1,3,OUT] y)
<float s={0.1}, float r={0.07}, int8 z={3}, int8 zero={0}, CONSTANTS> {
   d = DequantizeLinear(t, s, zero)
   e = Gather(d, ids)
   BODY
   q = QuantizeLinear(f, r, z)
   g = DequantizeLinear(q, r, z)
   h = Relu(g)
   p = QuantizeLinear(h, r, z)
   y = DequantizeLinear(p, r, z)
}"""


def net(body: str = "f = Identity(e)", constants: str = TABLE, out: int = 4, ids: str = "int64") -> str:
    text = NET.replace("BODY", body).replace("CONSTANTS", constants).replace("OUT", str(out))
    return text.replace("int64[1,3] ids", f"{ids}[1,3] ids")


@pytest.mark.parametrize("ids", ["int64", "int32"])
@pytest.mark.parametrize(
    ("body", "more"),
    [
        ("f = Identity(e)", ""),
        ("f = Relu(e)", ""),
        ("k = DequantizeLinear(kq, r, z)\n f = Add(e, k)", f", int8[1,3,4] kq={{{ints(12)}}}"),
    ],
)
def test_rows_are_looked_up_in_hardware(ids: str, body: str, more: str) -> None:
    pair = Pair.of(net(body, TABLE + more, ids=ids))
    samples = {"ids": np.random.default_rng(0).integers(0, 9, (64, 1, 3)).astype(ids)}
    assert pair.compare_on(samples).different == 0
    (stream,) = (n for n in pair.graph.nodes if n.is_input)
    assert stream.type.range == IntRange(0, 8) and any(isinstance(n.op, Lookup) for n in pair.graph)


def test_a_table_of_floats_stays_on_the_host() -> None:
    floats = ", ".join(f"{k / 8}" for k in range(36))
    text = net(constants=f"float[9,4] d={{{floats}}}").replace("d = DequantizeLinear(t, s, zero)", "")
    assert not any(isinstance(n.op, Lookup) for n in lowered(text))


def test_an_index_without_a_row_is_refused() -> None:
    pair = Pair.of(net())
    boundary = host_boundary(pair.quantized, pair.graph)
    with pytest.raises(UserError, match=r"'ids'.*out of range\n  found:    9.*\n  expected: integers from 0 to 8"):
        boundary.to_codes({"ids": np.array([[[0, 9, 8]]])})


def test_columns_are_gathered_on_the_host() -> None:
    columns = net().replace("Gather(d, ids)", "Gather<axis=1>(d, ids)").replace("float[1,3,4] y", "float[9,1,3] y")
    assert not any(isinstance(n.op, Lookup) for n in lowered(columns))

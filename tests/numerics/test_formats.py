# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from hwgen.numerics.formats import MINIFLOATS

TYPES = {
    "FLOAT4E2M1": ml_dtypes.float4_e2m1fn,
    "FLOAT8E4M3FN": ml_dtypes.float8_e4m3fn,
    "FLOAT8E4M3FNUZ": ml_dtypes.float8_e4m3fnuz,
    "FLOAT8E5M2": ml_dtypes.float8_e5m2,
    "FLOAT8E5M2FNUZ": ml_dtypes.float8_e5m2fnuz,
}


@pytest.mark.parametrize("name", MINIFLOATS)
def test_every_finite_code_of_a_small_float_is_a_whole_multiple_of_its_smallest(name):
    form = MINIFLOATS[name]
    codes = np.arange(1 << form.bits, dtype=np.uint8).view(TYPES[name])
    finite = codes[np.isfinite(codes.astype(np.float64))]
    integers = form.integers(finite)
    assert [i * form.unit for i in integers.tolist()] == finite.astype(np.float64).tolist()
    assert np.abs(integers[integers != 0]).min() == 1


def test_infinities_are_no_multiples():
    with pytest.raises(ValueError, match="not all of these are finite"):
        MINIFLOATS["FLOAT8E5M2"].integers(np.array([np.inf], ml_dtypes.float8_e5m2))

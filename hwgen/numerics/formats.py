# SPDX-License-Identifier: Apache-2.0
"""Number formats as integers on a fine grid: every finite value of a small float is a whole multiple of its smallest."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np


@dataclass(frozen=True)
class Minifloat:
    """A small binary float. step: the exponent of 2 of its smallest positive value; bits: of one stored code."""

    step: int
    bits: int

    @property
    def unit(self) -> Fraction:
        return Fraction(2) ** self.step

    def integers(self, values: np.ndarray) -> np.ndarray:
        """Finite numbers of this format, given in any float type, as int64 multiples of `unit`."""
        whole = np.ldexp(np.asarray(values).astype(np.float64), -self.step)
        if not np.isfinite(whole).all() or (whole != np.rint(whole)).any():
            raise ValueError(f"not all of these are finite multiples of 2**{self.step}")
        return whole.astype(np.int64)


MINIFLOATS = {
    "FLOAT4E2M1": Minifloat(-1, 4),
    "FLOAT8E4M3FN": Minifloat(-9, 8),
    "FLOAT8E4M3FNUZ": Minifloat(-10, 8),
    "FLOAT8E5M2": Minifloat(-16, 8),
    "FLOAT8E5M2FNUZ": Minifloat(-17, 8),
}
"""By the names of ONNX element types (OCP MX and OFP8 specifications, ml_dtypes)."""

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.kernels.matmul.folding_cascade import CascadeFolding
from hwgen.kernels.matmul.kernel import MatMulKernel
from hwgen.numerics.range import IntRange
from hwgen.targets import Target
from tests.kernels.matmul.mapped import mapped_unit
from tests.kernels.matmul.nodes import matmul

INT8, INT4 = IntRange(-128, 127), IntRange(-8, 7)


@pytest.mark.parametrize(
    "target, bits, x, lanes",
    [
        ("xcup", 8, INT8, (1, 8, 8, 2, 8, "block")),
        ("xcup", 8, INT8, (1, 4, 16, 2, 8, "block")),
        ("xcup", 4, INT4, (1, 8, 8, 3, 8, "logic")),
        ("xc7", 8, INT8, (1, 8, 8, 2, 1, "block")),
        ("xc7", 4, IntRange(0, 15), (1, 8, 16, 3, 4, "block")),
    ],
)
def test_the_area_is_predicted_within_15_percent(target: str, bits: int, x: IntRange, lanes: tuple, tmp_path) -> None:
    node, folding, kernel = matmul((1, 64), 64, x=x, bits=bits), CascadeFolding.of(*lanes), MatMulKernel()
    law = kernel.area(node, folding, Target.named(target))
    found = mapped_unit(node, folding, target, tmp_path)
    assert (law.dsps, law.brams) == (found.dsps, found.brams)
    assert abs(law.luts - found.luts) <= 0.15 * found.luts
    assert abs(law.ffs - found.ffs) <= 0.15 * found.ffs

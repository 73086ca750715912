# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from hwgen.kernels.layer_norm.folding import TwoPassFolding
from hwgen.kernels.layer_norm.kernel import LayerNormKernel
from hwgen.targets import Target
from tests.kernels.layer_norm.nodes import node
from tests.kernels.matmul.mapped import mapped_unit


@pytest.mark.parametrize(
    "target, lanes, centered, place", [("xcup", 4, True, False), ("xcup", 2, False, False), ("ecp5-85k", 1, True, True)]
)
def test_the_area_is_predicted_within_15_percent(
    target: str, lanes: int, centered: bool, place: bool, tmp_path: Path
) -> None:
    layer, folding = node((4, 64), centered=centered), TwoPassFolding.of(lanes, "dsp")
    law = LayerNormKernel().area(layer, folding, Target.named(target))
    found = mapped_unit(layer, folding, target, tmp_path, place)
    assert (law.dsps, law.brams) == (found.dsps, found.brams)
    assert abs(law.luts - found.luts) <= 0.15 * found.luts
    assert abs(law.ffs - found.ffs) <= 0.15 * found.ffs

# SPDX-License-Identifier: Apache-2.0
"""hwgen_dot on DSP blocks of Xilinx."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwgen.tools.process import ToolFailed
from tests.synth.xilinx.model import FAMILIES, mapped, prove_equal


def _prove(family: str, text: str, terms: int, widths: tuple[int, int, int], start: int, folder: Path) -> None:
    a, b, y = widths
    sizes = {"TERMS": terms, "A_WIDTH": a, "B_WIDTH": b, "Y_WIDTH": y, "START": start}
    prove_equal("hwgen_dot", family, text, sizes, terms + 4, folder)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "terms, widths, start", [(1, (3, 2, 5), 3), (2, (3, 3, 8), 8), (3, (2, 3, 9), 0), (2, (4, 2, 4), 5)]
)
def test_the_blocks_add_up_the_signed_products(
    family: str, terms: int, widths: tuple, start: int, tmp_path: Path
) -> None:
    _prove(family, mapped("hwgen_dot", family), terms, widths, start, tmp_path)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "right, wrong",
    [
        (".MREG(1)", ".MREG(0)"),
        ("b0010101", "b0000101"),
        ("b0110101", "b0000101"),
        (".OPMODEREG(0)", ".OPMODEREG(1)"),
        (".CEA2(1'b1)", ".CEA2(1'b0)"),
        ("a_wide = $signed(", "a_wide = ("),
        (".CREG(0)", ".CREG(1)"),
    ],
)
def test_the_proof_notices(family: str, right: str, wrong: str, tmp_path: Path) -> None:
    text = mapped("hwgen_dot", family)
    assert right in text
    with pytest.raises(ToolFailed):
        _prove(family, text.replace(right, wrong), 2, (3, 3, 8), 8, tmp_path)

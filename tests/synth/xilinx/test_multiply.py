# SPDX-License-Identifier: Apache-2.0
"""hwgen_multiply on DSP blocks of Xilinx."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwgen.tools.process import ToolFailed
from tests.synth.xilinx.model import FAMILIES, mapped, prove_equal


def _prove(family: str, text: str, a_width: int, b_width: int, folder: Path) -> None:
    prove_equal("hwgen_multiply", family, text, {"A_WIDTH": a_width, "B_WIDTH": b_width}, 4, folder)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("a_width, b_width", [(1, 1), (2, 3), (4, 4), (5, 3)])
def test_the_block_computes_the_signed_product_two_cycles_later(
    family: str, a_width: int, b_width: int, tmp_path: Path
) -> None:
    _prove(family, mapped("hwgen_multiply", family), a_width, b_width, tmp_path)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "right, wrong",
    [
        (".MREG(0)", ".MREG(1)"),
        (".PREG(1)", ".PREG(0)"),
        ("b0000101", "b0000000"),
        (".CEB2(1'b1)", ".CEB2(1'b0)"),
        ("wire signed [29:0] a_wide = a", "wire [29:0] a_wide = $unsigned(a)"),
    ],
)
def test_the_proof_notices(family: str, right: str, wrong: str, tmp_path: Path) -> None:
    text = mapped("hwgen_multiply", family)
    assert right in text
    with pytest.raises(ToolFailed):
        _prove(family, text.replace(right, wrong), 3, 3, tmp_path)

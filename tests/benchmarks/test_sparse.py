# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import cli
from benchmarks.row import markdown
from benchmarks.sparse import CASES, Case, SparseRow, weights_of_pattern

ROW = SparseRow("2:4", "xcup", "fabric", 64, 64, 3871, 5983, 20480, 32768, True, {})


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.pattern}, {case.target}, {case.folding.multiplier}")
def test_weights_have_the_zeros_that_the_case_names(case: Case) -> None:
    weights = weights_of_pattern(case.pattern, case.shape)
    kept = (weights != 0).mean()
    first = case.pattern.split()[0]
    if ":" in first:
        few, window = (int(n) for n in first.split(":"))
        assert ((weights != 0).reshape(-1, window).sum(axis=1) == few).all()
    elif "blocks" in case.pattern:
        blocks = (weights != 0).reshape(case.shape[0] // 16, 16, -1, 16).any(axis=(1, 3))
        assert blocks.mean() == kept == 0.25
    elif "anywhere" in case.pattern:
        assert abs(kept - (1 - int(first) / 100)) < 0.005
    else:
        assert kept == 1


def test_weights_of_a_pattern_are_the_same_in_every_run() -> None:
    assert np.array_equal(weights_of_pattern("2:4", (4, 8)), weights_of_pattern("2:4", (4, 8)))


def test_a_row_is_json_and_a_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cli, "COMMANDS", {"sparse": lambda seeds, only: [ROW]})
    cli.main(["sparse", "--json", "--seeds", "0"])
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    keys = {"pattern", "cycles", "dense_cycles", "luts", "dense_luts", "weight_bits", "dense_weight_bits"}
    assert keys <= set(row)
    assert markdown([ROW]).splitlines()[2].startswith("| 2:4 | xcup | fabric | 64 | 64 | 3,871 | 5,983 | 20,480 |")

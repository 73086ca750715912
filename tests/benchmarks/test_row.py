# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import pytest

from benchmarks import cli
from benchmarks.row import Row, markdown

ROW = Row("a", "xcup", None, 1234, 5, 6, 7, 0, None, 64, 18, 74, True, (), {"name": "b", "luts": 2000, "exact": False})
KEYS = {
    "name", "family", "comb", "luts", "carry4", "ffs", "dsps", "brams", "fmax_mhz", "initiation_interval", "first_out",
    "latency", "exact", "seeds", "peer",
}  # fmt: skip


def test_the_peer_stands_below_with_its_own_figures() -> None:
    above, below = markdown([ROW]).splitlines()[2:]
    assert above.startswith("| a | xcup |  | 1,234 | 5 | 6 | 7 | 0 |  | 64 | 18 | 74 | yes |")
    assert below.startswith("| b | xcup |  | 2,000 |") and below.endswith("| no |")


def test_rows_are_json_with_all_keys(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cli, "COMMANDS", {"mvu": lambda seeds, only: [ROW] if list(seeds) == [1, 2] else []})
    cli.main(["mvu", "--json", "--seeds", "2"])
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert set(row) == KEYS and row["luts"] == 1234


def test_a_wrong_design_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Row("a", "xcup", None, 1, 1, 1, 1, 1, None, 1, 1, 1, False, (), {})
    monkeypatch.setattr(cli, "COMMANDS", {"mvu": lambda seeds, only: [wrong]})
    with pytest.raises(SystemExit, match="not exact"):
        cli.main(["mvu"])


@pytest.mark.parametrize("words", [[], ["mvu", "--all"], ["nothing"]])
def test_one_comparison_or_all_must_be_named(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(words)

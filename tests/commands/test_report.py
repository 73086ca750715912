# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import pytest

from hwgen.errors import PlanDoesNotFit
from hwgen.synth.nextpnr import PathStep
from hwgen.synth.synthesize import SynthResult
from hwgen.targets import Resources
from tests.commands.conftest import Run


class Tools:
    """Yosys and nextpnr that answer at once, and remember what they were asked."""

    def __init__(self) -> None:
        self.calls: list[dict] = []

    def synthesize(self, files: list[Path], top: str, target, **options) -> SynthResult:  # type: ignore[no-untyped-def]
        self.calls.append({"files": [f.name for f in files], "top": top, "target": target.name, **options})
        pnr = options["pnr"]
        return SynthResult(
            target=target.name, placed=pnr, resources=Resources(2500, 2000, 6, 1),
            parts={"fc1_matmul": Resources(1000, 900, 4, 1), "-": Resources(1500, 1100, 2, 0)}, cells={"LUT4": 2500},
            fmax_mhz=111.5 if pnr else None, fmax_by_seed=dict.fromkeys(options["seeds"], 111.5) if pnr else {},
            cpu_seconds_by_seed={},
            critical_path=(PathStep(0.5, "clk-to-q", "fc1_matmul.product_2_FF", "n1"),) if pnr else (), log="",
            versions={"pyosys": "0.70"},
        )  # fmt: skip


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    fake = Tools()
    monkeypatch.setattr("hwgen.synth.synthesize.synthesize", fake.synthesize)
    return fake


def test_cells_and_clock_stand_beside_their_predictions(run: Run, bundle: Path, tools: Tools) -> None:
    code, document, error = run("report", bundle, json=True)
    assert code == 0, error
    assert (document["target"], document["luts"], document["fmax_mhz"]) == ("ecp5-25k", 2500, 111.5)
    assert document["predicted"]["luts"] > 0 and document["report"] == str(bundle / "reports/report.html")
    assert document["critical_path"][0]["origin"] == ["fc1"]
    (call,) = tools.calls
    assert (call["top"], call["clock"], call["reset"], call["pnr"]) == ("digits_mlp", "aclk", "aresetn", True)
    assert "digits_mlp.v" in call["files"] and call["cwd"] == bundle


def test_three_files_are_left_in_the_bundle(run: Run, bundle: Path, tools: Tools) -> None:
    _, text, _ = run("report", bundle)
    written = sorted(p.name for p in (bundle / "reports").iterdir())
    assert written == ["report.html", "report.json", "report.md", "synth-ecp5-25k.json"]
    assert "Fmax 111.5 MHz (asked for 100)" in text and "1,000" in text
    assert json.loads((bundle / "reports/report.json").read_text())["schema_version"] == 1


def test_the_same_verilog_is_not_measured_twice(run: Run, bundle: Path, tools: Tools) -> None:
    for words in ([], [], ["--seed", 1], ["--seed", 1, "--seed", 2, "--seed", 3], ["--no-pnr"]):
        assert run("report", bundle, *words)[0] == 0
    assert [(call["seeds"], call["pnr"]) for call in tools.calls] == [((1,), True), ((1, 2, 3), True), ((1,), False)]


def test_a_target_without_open_tools_is_only_synthesized(run: Run, bundle: Path, tools: Tools) -> None:
    code, document, _ = run("report", bundle, "--target", "xcup", json=True)
    assert (code, document["fmax_mhz"], document["predicted"]["luts"]) == (0, None, None)
    assert tools.calls[0]["pnr"] is False and tools.calls[0]["clock_mhz"] == 250
    assert "planned for ecp5-25k: no prediction for xcup" in document["notes"]


def test_a_design_that_is_too_large_is_the_users_to_fix(
    run: Run, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PlanDoesNotFit.of("target ice40-up5k", "too large", found="9 DSPs", expected="8 DSPs", fix="fold more")

    monkeypatch.setattr("hwgen.synth.synthesize.synthesize", refuse)
    code, _, error = run("report", bundle, "--target", "ice40-up5k")
    assert code == 1 and "error: target ice40-up5k: too large" in error
    assert not (bundle / "reports").exists()


def test_a_folder_that_is_no_bundle_is_refused(run: Run, tmp_path: Path) -> None:
    code, _, error = run("report", tmp_path / "nothing")
    assert code == 1 and "found:    no such folder" in error

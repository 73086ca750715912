# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.commands.conftest import MLP, Run

UNWRITABLE = """\
error: output folder {}: it cannot be written
  found:    {}
  expected: a folder that can be created, or an earlier bundle to replace
  fix:      choose another one with -o
"""


def test_the_answer_predicts_every_cycle_and_cell(run: Run, tmp_path: Path) -> None:
    code, document, _ = run("build", MLP, "-o", tmp_path / "b", "--target", "ecp5-25k", "--fps", 100000, json=True)
    assert (code, document["ok"], document["bundle"], document["fits"]) == (0, True, str(tmp_path / "b"), True)
    assert document["frames_per_second"] >= 100_000 and document["macs"] == 2720
    assert document["latency"] > document["first_out"] and document["latency"] > document["initiation_interval"]
    assert {stage["origin"][0] for stage in document["stages"]} == {"fc1", "fc2", "fc3"}
    assert max(stage["cycles"] for stage in document["stages"]) <= document["initiation_interval"]
    manifest = json.loads((tmp_path / "b/manifest.json").read_text())
    assert manifest["timing"]["latency"] == document["latency"]


def test_the_readme_says_what_the_bits_mean(built: Path) -> None:
    text = (built / "README.md").read_text()
    assert "The low 8 bits of a lane are the code, unsigned, from 0\nto 255" in text
    assert "element [0, 0] in beat 0, lane 0" in text and "belongs to you" in text


def test_an_edited_plan_is_taken(run: Run, built: Path, tmp_path: Path) -> None:
    plan = json.loads((built / "plan.json").read_text())
    edited = next(name for name, stage in plan["stages"].items() if stage["operator"] == "MatMul")
    plan["stages"][edited]["folding"] |= {"pe": 1, "simd": 1, "lanes_in": [1], "lanes_out": 1}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    words = ("build", MLP, "-o", tmp_path / "b", "--target", "ecp5-25k", "--plan", tmp_path / "plan.json")
    code, document, error = run(*words, json=True)
    assert code == 0, error
    assert next(s for s in document["stages"] if s["name"] == edited)["cycles"] == 64 * 32


def test_an_illegal_plan_is_answered_with_the_legal_values(run: Run, built: Path, tmp_path: Path) -> None:
    plan = json.loads((built / "plan.json").read_text())
    edited = next(name for name, stage in plan["stages"].items() if stage["operator"] == "MatMul")
    plan["stages"][edited]["folding"]["pe"] = 7
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    code, _, error = run("build", MLP, "-o", tmp_path / "b", "--target", "ecp5-25k", "--plan", tmp_path / "plan.json")
    assert code == 1 and f"stage '{edited}'" in error and "pe in {1, 2, 4" in error
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--target", "ecp5"], "error: target: there is no target of this name\n  found:    ecp5"),
        (["--fps", "5", "--max"], "found:    --fps and --max"),
        (["--fps", "0"], "error: --fps: not a usable number"),
        (["--clock", "-1"], "error: --clock: not a usable clock"),
        (["--lut-limit", "120"], "error: --lut-limit: not a usable share"),
        (["--plan", "missing.json"], "error: missing.json: the plan cannot be read"),
        (["--fps", "1e9"], "error: target ecp5-85k: 1e+09 frames a second cannot be reached"),
    ],
)
def test_wrong_wishes_are_refused(run: Run, tmp_path: Path, words: list[str], message: str) -> None:
    code, _, error = run("build", MLP, "-o", tmp_path / "b", *words)
    assert code == 1 and message in error
    assert not (tmp_path / "b").exists()


def test_a_folder_that_is_no_bundle_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    code, _, error = run("build", MLP, "-o", tmp_path, "--fps", 1000)
    assert (code, error) == (
        1, UNWRITABLE.format(tmp_path.name, "the folder exists and is not a bundle; nothing was overwritten")
    )  # fmt: skip
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_an_output_inside_a_file_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, error = run("build", MLP, "-o", tmp_path / "file" / "b", "--fps", 1000)
    assert (code, error) == (1, UNWRITABLE.format("b", f"{tmp_path / 'file'} is a file"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_output_folder_without_permission_is_refused(run: Run, tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    code, _, error = run("build", MLP, "-o", tmp_path / "b", "--fps", 1000)
    tmp_path.chmod(0o755)
    assert (code, error) == (1, UNWRITABLE.format("b", "Permission denied"))


def test_a_second_build_replaces_the_first_whole(run: Run, bundle: Path) -> None:
    (bundle / "rtl/stale.v").write_text("")
    code, _, _ = run("build", MLP, "-o", bundle, "--target", "ecp5-25k", "--fps", 100000)
    assert code == 0 and not (bundle / "rtl/stale.v").exists()
    assert [p.name for p in bundle.parent.iterdir()] == [bundle.name]


def test_a_folder_of_somebody_else_with_a_manifest_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "a browser extension"}')
    code, _, error = run("build", MLP, "-o", tmp_path, "--fps", 1000)
    assert code == 1 and "not a bundle; nothing was overwritten" in error


def test_a_bad_place_is_refused_before_the_long_work(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    _, _, error = run("build", MLP, "-o", tmp_path / "file", "--fps", 1000)
    assert "there is a file of this name" in error and "planning" not in error

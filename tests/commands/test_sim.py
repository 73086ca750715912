# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pytest

from hwgen.simulation.simulate import simulate
from tests.commands.conftest import EXAMPLES, Run
from tests.icarus import requires_icarus

SAMPLES = EXAMPLES / "digits_mlp.npz"


@pytest.fixture(autouse=True)
def icarus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing to compile: tests/test_simulate.py runs Verilator."""
    monkeypatch.setattr("hwgen.flow.simulate_bundle.simulate", functools.partial(simulate, simulator="icarus"))


def _flip_a_weight(bundle: Path) -> None:
    """The lowest bit of every weight of the last layer."""
    path = bundle / "mem/fc3_matmul_weights.hex"
    rows = path.read_text().split()
    path.write_text("".join(f"{int(row, 16) ^ 1:0{len(row)}x}\n" for row in rows))


@requires_icarus
def test_the_verilog_equals_the_golden_model_on_the_samples(run: Run, bundle: Path, tmp_path: Path) -> None:
    stored = np.load(SAMPLES)
    np.savez(tmp_path / "two.npz", image=stored["image"][:2])
    code, document, error = run("sim", bundle, "--inputs", tmp_path / "two.npz", "--backpressure", "random", json=True)
    assert code == 0, error
    assert (document["ok"], document["samples"], document["mismatches"]) == (True, 2, 0)
    for name in ("initiation_interval", "latency", "first_out"):
        assert document[name]["measured"] == document[name]["predicted"] > 0
    assert json.loads((bundle / "reports/sim.json").read_text())["samples"] == 2


@requires_icarus
def test_a_wrong_weight_is_found_and_named(run: Run, bundle: Path) -> None:
    _flip_a_weight(bundle)
    code, text, _ = run("sim", bundle, "--samples", 1)
    assert code == 1 and text.startswith("FAIL: 1 samples, ")
    assert "first wrong value: node fc3_matmul (fc3" in text
    assert f"again, with a waveform around it: hwgen sim {bundle} --samples 1" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--backpressure", "some"], "error: --backpressure: not a known word"),
        (["--samples", "2", "--inputs", "x.npz"], "found:    --samples and --inputs"),
        (["--samples", "0"], "error: --samples: nothing to simulate"),
        (["--inputs", "missing.npz"], "error: missing.npz: the samples cannot be read"),
    ],
)
def test_wrong_wishes_are_refused(run: Run, built: Path, words: list[str], message: str) -> None:
    code, _, error = run("sim", built, *words)
    assert code == 1 and message in error


def test_a_machine_without_a_compiler_is_told_what_to_install(
    run: Run, bundle: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("hwgen.flow.simulate_bundle.simulate", simulate)
    monkeypatch.setenv("PATH", str(tmp_path))
    code, printed, error = run("sim", bundle)
    assert (code, printed) == (1, "")
    assert error[error.index("error: ") :] == (
        "error: g++: needed for compiled simulation\n  found:    no such program on PATH\n"
        "  expected: the program g++\n  fix:      apt-get install g++ make, or the like of your system\n"
    )


def test_a_folder_that_is_no_bundle_is_refused(run: Run, tmp_path: Path) -> None:
    code, _, error = run("sim", tmp_path)
    assert code == 1 and "this is not a bundle" in error and "hwgen build MODEL -o DIR" in error


def test_a_bundle_of_a_newer_hwgen_is_refused(run: Run, bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps(manifest | {"schema_version": 99}))
    code, _, error = run("sim", bundle)
    assert code == 1 and "found:    schema_version 99" in error

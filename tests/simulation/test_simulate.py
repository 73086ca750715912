# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from hwgen.errors import UserError
from hwgen.simulation.simulate import simulate
from tests.icarus import requires_icarus
from tests.sim.tiny import write_tiny_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("simulate") / "tiny")


@pytest.fixture
def broken(bundle: Path, tmp_path: Path) -> Path:
    """A copy whose first layer has a wrong weight, so that the results of both layers are wrong."""
    copy = Path(shutil.copytree(bundle, tmp_path / "broken", ignore=shutil.ignore_patterns("build")))
    memory = copy / "mem/hidden_weights.hex"
    words = memory.read_text().split()
    words[-1] = f"{int(words[-1][0], 16) ^ 1:x}{words[-1][1:]}"
    memory.write_text("\n".join(words) + "\n")
    return copy


def test_a_good_bundle_passes_in_verilator_and_its_rate_is_measured(bundle: Path) -> None:
    result = simulate(bundle, samples=5, backpressure="random", seed=3, measure_raw=True)
    assert result.passed and result.samples == 5 and result.simulator == "verilator"
    assert result.latency.predicted == result.latency.measured is not None
    assert result.initiation_interval.predicted == result.initiation_interval.measured is not None
    assert result.cycles_per_second > 0 and result.raw_cycles_per_second > 0


@requires_icarus
def test_verilator_and_icarus_run_the_same_cycles(bundle: Path) -> None:
    results = [simulate(bundle, samples=5, backpressure="random", seed=3, simulator=s) for s in ("verilator", "icarus")]
    assert results[0].cycles == results[1].cycles


@requires_icarus
def test_the_first_wrong_node_is_named_and_how_to_see_it(broken: Path) -> None:
    result = simulate(broken, samples=4, seed=1, simulator="icarus", waves=True)
    wrong = result.first_wrong
    assert not result.passed and wrong is not None
    assert (wrong.node, wrong.sample, wrong.phase) == ("hidden", 0, 0) and wrong.found != wrong.expected
    assert "--seed 1" in result.rerun and result.rerun.endswith("--waves")
    assert result.waveform is not None and "$enddefinitions" in (broken / result.waveform).read_text()
    assert json.loads(json.dumps(result.to_json()))["first_wrong"]["node"] == "hidden"


@requires_icarus
def test_a_stream_that_gets_stuck_names_the_node_that_gives_no_more(bundle: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(bundle, tmp_path / "stuck", ignore=shutil.ignore_patterns("build")))
    top = copy / "rtl/tiny.v"
    head, body = top.read_text().split("  tiny_y y (", 1)
    top.write_text(f"{head}  tiny_y y ({body.replace('.i__valid(', '.i__valid(1&0&', 1)}")
    result = simulate(copy, samples=2, simulator="icarus")
    assert any("no stream moved" in breach for breach in result.breaches)
    assert result.first_wrong is not None
    assert (result.first_wrong.node, result.first_wrong.found) == ("y", None)


@requires_icarus
@pytest.mark.parametrize(
    ("place", "node"),
    [(".i__payload(hidden_to_y_", "y"), (".i__payload(y_o__payload", "out_y")],
    ids=["inside", "edge"],
)
def test_a_fault_that_comes_late_is_found_in_its_own_frame(bundle: Path, tmp_path: Path, place: str, node: str) -> None:
    copy = Path(shutil.copytree(bundle, tmp_path / "late", ignore=shutil.ignore_patterns("build")))
    top = copy / "rtl/tiny.v"
    late = place.replace("(", "((hwgen_bench.cycle > 450) ^ ")
    top.write_text(top.read_text().replace(place, late))
    wrong = simulate(copy, samples=2, simulator="icarus").first_wrong
    assert wrong is not None and wrong.found is not None
    assert (wrong.node, wrong.phase) == (node, 1)
    assert wrong.frame >= 2 and wrong.sample == wrong.frame % 2
    assert wrong.cycle > 440


@requires_icarus
def test_inputs_of_the_user_are_simulated(bundle: Path) -> None:
    x = np.random.default_rng(0).integers(-8, 8, (3, 1, 12))
    result = simulate(bundle, inputs={"x": x}, inputs_name="mine.npz", simulator="icarus")
    assert result.passed and result.samples == 3
    assert "--inputs mine.npz" in result.rerun
    assert len((bundle / "build/sim/vectors/s_axis.hex").read_text().split()) % 3 == 0


@pytest.mark.parametrize("x", [np.full((1, 1, 12), 8), np.zeros((1, 12), int), np.zeros((1, 1, 12))])
def test_inputs_that_do_not_fit_are_refused(bundle: Path, x: np.ndarray) -> None:
    with pytest.raises(UserError, match="its codes do not fit"):
        simulate(bundle, inputs={"x": x}, simulator="icarus")


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="it is not a bundle"):
        simulate(tmp_path)


def test_a_bundle_of_a_newer_hwgen_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"schema_version": 99}')
    with pytest.raises(UserError, match="newer hwgen"):
        simulate(tmp_path)


@requires_icarus
def test_a_design_that_does_not_compile_shows_the_log(bundle: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(bundle, tmp_path / "broken", ignore=shutil.ignore_patterns("build")))
    (copy / "rtl/tiny.v").write_text("module tiny (nonsense\n")
    with pytest.raises(Exception, match="syntax error"):
        simulate(copy, simulator="icarus")

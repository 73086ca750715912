# SPDX-License-Identifier: Apache-2.0
"""The bench of a bundle: passes a good design, and names every kind of fault. Each fault is a wrapper around the top."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.icarus import requires_icarus
from tests.sim.tiny import run_bench, two_input_graph, write_tiny_bundle

pytestmark = requires_icarus

WRAPPER = """
module tiny (
    input aclk, input aresetn, output frame_error,
    input [7:0] s_axis_tdata, input s_axis_tvalid, input s_axis_tlast, output s_axis_tready,
    output [{y}:0] m_axis_out_y_tdata, output m_axis_out_y_tvalid, output m_axis_out_y_tlast, input m_axis_out_y_tready,
    output [{h}:0] m_axis_out_hidden_tdata, output m_axis_out_hidden_tvalid, output m_axis_out_hidden_tlast,
    input m_axis_out_hidden_tready
);
    wire [{y}:0] y; wire valid, last, ready, error, reset;
    reg [31:0] count = 0, seen = 0;
    always @(posedge aclk) begin
        count <= reset ? count + 1 : 0;
        if (!aresetn) seen <= 0; else if (valid && m_axis_out_y_tready) seen <= seen + 1;
    end
    {fault}
    good good (
        .aclk(aclk), .aresetn(reset), .frame_error(error), .s_axis_tdata(s_axis_tdata), .s_axis_tvalid(s_axis_tvalid),
        .s_axis_tlast(s_axis_tlast), .s_axis_tready(s_axis_tready), .m_axis_out_y_tdata(y),
        .m_axis_out_y_tvalid(valid), .m_axis_out_y_tlast(last), .m_axis_out_y_tready(ready),
        .m_axis_out_hidden_tdata(m_axis_out_hidden_tdata), .m_axis_out_hidden_tvalid(m_axis_out_hidden_tvalid),
        .m_axis_out_hidden_tlast(m_axis_out_hidden_tlast), .m_axis_out_hidden_tready(m_axis_out_hidden_tready)
    );
endmodule
"""
PASS = {
    "m_axis_out_y_tdata": "y",
    "m_axis_out_y_tvalid": "valid",
    "m_axis_out_y_tlast": "last",
    "ready": "m_axis_out_y_tready",
    "reset": "aresetn",
    "frame_error": "error",
}
FAULTS = {
    "a wrong bit": ({"m_axis_out_y_tdata": "seen == 9 ? y ^ 1 : y"}, "wrong"),
    "a lost beat": (
        {"m_axis_out_y_tvalid": "valid && seen != 5", "ready": "m_axis_out_y_tready || seen == 5"},
        "stuck",
    ),
    "a beat too many": ({"m_axis_out_y_tvalid": "valid || (seen >= 4 && !s_axis_tvalid)"}, "extra"),
    "beats without end": ({"m_axis_out_y_tvalid": "1'b1", "ready": "1'b0"}, "stuck"),
    "a tlast too early": ({"m_axis_out_y_tlast": "1'b1"}, "tlast"),
    "an offer that is taken back": ({"m_axis_out_y_tvalid": "valid && (count[0] || m_axis_out_y_tready)"}, "unstable"),
    "a core that talks in reset": ({"m_axis_out_y_tvalid": "valid || !aresetn"}, "not_quiet_in_reset"),
    "a core that does not reset": ({"reset": "aresetn || count > 150"}, "wrong"),
    "a wrong tlast unnoticed": ({"frame_error": "1'b0"}, "tlast_not_noticed"),
    "a false alarm": ({"frame_error": "error || count > 120"}, "frame_error"),
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("bench") / "a bundle with spaces")


def with_fault(bundle: Path, folder: Path, changed: dict[str, str]) -> Path:
    """A copy of the bundle whose top is wrapped, with `changed` assignments in the wrapper."""
    copy = Path(shutil.copytree(bundle, folder, ignore=shutil.ignore_patterns("build")))
    top = copy / "rtl/tiny.v"
    text = top.read_text()
    widths = {name: _width(text, f"m_axis_out_{name}_tdata") for name in ("y", "hidden")}
    fault = " ".join(f"assign {signal} = {value};" for signal, value in (PASS | changed).items())
    top.write_text(text.replace("module tiny (", "module good ("))
    wrapper = WRAPPER.replace("{fault}", fault).replace("{y}", widths["y"]).replace("{h}", widths["hidden"])
    (copy / "rtl/wrapper.v").write_text(wrapper)
    return copy


def _width(text: str, port: str) -> str:
    return text[: text.index(f" {port}")].rsplit("[", 1)[1].split(":")[0]


@pytest.mark.parametrize("backpressure", ["none", "random"])
def test_a_good_design_passes_in_predicted_time(bundle: Path, backpressure: str) -> None:
    code, results, output = run_bench(bundle, "--backpressure", backpressure, "--seed", "5")
    assert code == 0, output
    assert results["latency"]["predicted"] == results["latency"]["measured"]
    assert results["initiation_interval"]["predicted"] == results["initiation_interval"]["measured"]


def test_several_inputs_are_fed_independently(tmp_path: Path) -> None:
    code, results, output = run_bench(write_tiny_bundle(tmp_path / "b", two_input_graph()), "--backpressure", "random")
    assert code == 0 and results["cycles"] > 0, output


def test_a_wrapper_without_a_fault_passes(bundle: Path, tmp_path: Path) -> None:
    code, _, output = run_bench(with_fault(bundle, tmp_path / "b", {}), "--backpressure", "random")
    assert code == 0, output


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_found_and_named(bundle: Path, tmp_path: Path, name: str) -> None:
    changed, what = FAULTS[name]
    code, results, output = run_bench(with_fault(bundle, tmp_path / "b", changed), "--backpressure", "random")
    named = {breach["what"] for breach in results["breaches"]} | ({"wrong"} if results["mismatches"] else set())
    assert code == 1 and what in named, output


def test_a_wrong_prediction_fails(bundle: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(bundle, tmp_path / "b"))
    manifest = copy / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"latency": ', '"latency": 1'))
    code, results, _ = run_bench(copy)
    assert code == 1 and results["mismatches"] == 0


def test_a_flipped_weight_bit_is_noticed(bundle: Path) -> None:
    code, _, output = run_bench(bundle, "--flip-bit")
    assert code == 0 and "notices a flipped bit in mem/" in output


def test_a_bench_that_sees_nothing_fails_the_negative_run(bundle: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(bundle, tmp_path / "b", ignore=shutil.ignore_patterns("build")))
    sink = copy / "bench/stream_sink.v"
    sink.write_text(sink.read_text().replace("tdata !== words[word]", "1'b0"))
    code, _, output = run_bench(copy, "--flip-bit")
    assert code == 1 and "does not notice" in output

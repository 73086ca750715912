# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import ast
import shutil
from pathlib import Path

from hwgen.emit.bench import make_bench
from tests.icarus import requires_icarus
from tests.sim.tiny import run_bench

PORT = {"lanes": 2, "bits": 5, "lane_bits": 8, "signed": True, "shape": [1, 6], "order": [[6, 1]], "tensor": ""}
MANIFEST = {
    "top": "net",
    "ports": [
        {"name": "x", "direction": "in", "prefix": "s_axis", **PORT},
        {"name": "out_y", "direction": "out", "prefix": "m_axis", **PORT},
    ],
    "taps": [{"name": "y", "valid": "y.o__valid", "payload": "y.o__payload", **PORT, "lane_bits": 5}],
}


def test_nothing_in_the_bench_imports_hwgen() -> None:
    imported = set()
    for path, data in make_bench(MANIFEST).items():
        if path.endswith(".py"):
            for node in ast.walk(ast.parse(data)):
                if isinstance(node, ast.Import):
                    imported |= {alias.name for alias in node.names}
                if isinstance(node, ast.ImportFrom):
                    imported.add(node.module or "")
    assert imported and not [name for name in imported if name.split(".")[0] in ("hwgen", "onnx_frontend")]


def test_the_bench_connects_every_port_and_taps_every_node() -> None:
    files = make_bench(MANIFEST)
    bench, taps = files["bench/bench.v"].decode(), files["bench/taps.v"].decode()
    for port in ("s_axis", "m_axis"):
        for signal in ("tdata", "tvalid", "tready", "tlast"):
            assert f".{port}_{signal}({port}_{signal})" in bench
    assert ".WIDTH(16), .LANES(2), .BEATS(3)" in bench
    assert ".WIDTH(10), .BEATS(3)" in taps and "hwgen_bench.dut.y.o__payload" in taps


def test_equal_manifests_give_equal_bytes() -> None:
    assert make_bench(MANIFEST) == make_bench(MANIFEST)


@requires_icarus
def test_the_digits_cnn_passes_one_frame_in_icarus_verilog(cnn: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(cnn, tmp_path / "cnn"))
    code, results, output = run_bench(bundle, "--samples", "1")
    assert code == 0, output
    assert (results["simulator"], results["samples"], results["mismatches"]) == ("icarus", 1, 0)

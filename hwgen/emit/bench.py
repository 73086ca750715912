# SPDX-License-Identifier: Apache-2.0
"""The bench that goes into every bundle: it simulates the design without hwgen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hwgen.assets import bench_files, render
from hwgen.emit.vectors import StreamMap, ports_of
from hwgen.tools import repair_verilator


def make_bench(manifest: Mapping[str, Any]) -> dict[str, bytes]:
    """Contents by path relative to the bundle: bench/ and the Makefile."""
    ports = ports_of(manifest)
    values = {
        "top": manifest["top"],
        "ports": ports,
        "inputs": [p for p in ports if p.direction == "in"],
        "outputs": [p for p in ports if p.direction == "out"],
        "taps": _taps(manifest),
    }
    files = {f"bench/{path}": data for path, data in bench_files().items()}
    for name in ("bench.v", "taps.v", "raw_main.cpp"):
        files[f"bench/{name}"] = render(f"bench/{name}.j2", **values).encode()
    files["bench/repair_verilator.py"] = Path(repair_verilator.__file__).read_bytes()
    files["Makefile"] = render("bench/Makefile.j2", **values).encode()
    return files


def _taps(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    streams = [StreamMap.of_manifest(entry) for entry in manifest["taps"]]
    return [
        {
            "name": entry["name"],
            "valid": entry["valid"],
            "payload": entry["payload"],
            "width": s.width,
            "beats": s.beats,
        }
        for entry, s in zip(manifest["taps"], streams, strict=True)
    ]

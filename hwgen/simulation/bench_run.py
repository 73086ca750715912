# SPDX-License-Identifier: Apache-2.0
"""Runs the bench that a bundle carries, with compiled benches kept in the cache.

The bundle's own runner does the work, in a process of its own: what ships is what is signed off.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hwgen.errors import InternalError
from hwgen.progress import Progress
from hwgen.tools.cache import cache_root, cached
from hwgen.tools.process import ToolFailed, log_tail, run_tool
from hwgen.tools.require import require_package, require_program
from hwgen.tools.verilator import find_verilator

Simulator = Literal["verilator", "icarus"]
NOT_PASSED, TOOL_FAILED = 1, 2
"""Exit codes of the runner."""


@dataclass(frozen=True)
class BenchRun:
    """Where and with what to run. bundle: its folder; work: for logs, vectors and results; samples: frames in `work`.

    manifest: the contents of the bundle's manifest.json.
    """

    bundle: Path
    work: Path
    manifest: Mapping[str, Any]
    samples: int
    simulator: Simulator
    progress: Progress

    @property
    def vectors(self) -> Path:
        return self.work / "vectors"

    def simulate(self, *arguments: str, expected_cycles: int = 0) -> dict[str, Any]:
        """The results of one simulation; `arguments` of the runner say of what kind."""
        environment = self._environment()
        kind = ["--simulator", self.simulator, "--stored", str(max(16, 1 << (self.samples - 1).bit_length()))]
        kind += [word for flag in ("--taps", "--waves") if flag in arguments for word in (flag, "0:0")]
        build = self._built(kind, environment)
        with _watching(self.work / "bench.log", self.progress, expected_cycles):
            self._run([*kind, *self._places(build), "--samples", str(self.samples), *arguments], environment)
        try:
            return json.loads((self.work / "results.json").read_text(encoding="utf-8"))
        except OSError:
            raise InternalError(f"the simulation left no results; its log:\n{self._log_tail()}") from None

    def raw_rate(self, cycles: int) -> float:
        """Cycles per CPU second of the design alone in a C++ loop under Verilator."""
        environment = self._environment()
        kind = ["--raw-cycles", str(cycles)]
        build = self._built(["--raw-cycles", "1"], environment)
        return float(self._run([*kind, *self._places(build)], environment).split()[-1])

    def _environment(self) -> dict[str, str]:
        if self.simulator == "icarus":
            require_program("iverilog", "simulation with --simulator icarus", "apt-get install iverilog")
            return dict(os.environ)
        require_package("cocotb_tools", "cocotb", "simulation")
        return find_verilator().environment()

    def _places(self, build: Path) -> list[str]:
        runtime = (
            cache_root() / "verilator-runtime" / _digest([find_verilator().root.name]) if self._compiles else build
        )
        return [
            "--vectors",
            str(self.vectors),
            "--work",
            str(self.work),
            "--build",
            str(build),
            "--runtime",
            str(runtime),
        ]

    @property
    def _compiles(self) -> bool:
        return self.simulator == "verilator"

    def _built(self, kind: Sequence[str], environment: Mapping[str, str]) -> Path:
        """The folder of the compiled bench; memories and vectors are read at run time and change nothing in it."""
        folders = ("rtl", "bench")
        files = [p for folder in folders for p in sorted((self.bundle / folder).iterdir()) if p.is_file()]
        texts = [f"{p.name}\0{hashlib.sha256(p.read_bytes()).hexdigest()}" for p in files]
        tool = find_verilator().root.name if self._compiles else "icarus"
        key = _digest([*texts, *kind, tool, sys.prefix])

        def make(folder: Path) -> None:
            self.progress("compiling the simulation")
            self._run([*kind, *self._places(folder), "--build-only"], environment)

        return cached("simulation", key, make)

    def _run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> str:
        command: list[str | Path] = [sys.executable, self.bundle / "bench" / "run.py", *arguments]
        try:
            return run_tool(command, tool="the bench", cwd=self.bundle, env=environment)
        except ToolFailed as failure:
            if failure.returncode == NOT_PASSED and (self.work / "results.json").exists():
                return failure.log
            raise

    def _log_tail(self) -> str:
        log = self.work / "sim.log"
        return log_tail(log.read_text(errors="replace") if log.exists() else "")


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:24]


@contextmanager
def _watching(log: Path, progress: Progress, expected_cycles: int) -> Iterator[None]:
    """Tells `progress` now and then how far the bench is, from the log that it writes."""
    log.unlink(missing_ok=True)
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.5):
            cycles = [line.split()[-1] for line in _lines(log) if line.startswith(("cycle ", "phase "))]
            done = min(int(cycles[-1]), expected_cycles) if cycles else 0
            progress("simulating", done, expected_cycles)

    progress("simulating", 0, expected_cycles)
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _lines(log: Path) -> list[str]:
    """The finished lines near the end of a growing file."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4096))
            return file.read().decode(errors="replace").split("\n")[:-1]
    except OSError:
        return []

# SPDX-License-Identifier: Apache-2.0
"""Building and running the bench: Verilator through cocotb, or Icarus Verilog alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

TOP = "hwgen_bench"
VERILATOR_FLAGS = ("-O3", "--x-assign", "fast", "--noassert", "-Wno-fatal", "-Wno-lint", "-Wno-style")


class ToolError(Exception):
    """A simulator that is missing, or that ended with an error; the text says what and shows the end of its log."""


def sources(bundle: Path, taps: bool) -> list[Path]:
    """The Verilog of the design and of its bench."""
    bench = [p for p in sorted((bundle / "bench").glob("*.v")) if taps or p.name != "taps.v"]
    return sorted((bundle / "rtl").glob("*.v")) + bench


class VerilatorBench:
    """The bench compiled by Verilator, run as a cocotb test. `folder` holds the build; no spaces in its path."""

    name = "verilator"

    def __init__(self, bundle: Path, folder: Path):
        self.bundle, self.folder = bundle, folder
        self.finished: list[str] = []

    def build(self, stored: int, taps: bool, waves: bool, runtime: Path) -> None:
        """stored: frames that the bench can hold. taps: with taps on inner streams. waves: able to dump a waveform.

        runtime: where the compiled run-time library is kept for the next design.
        """
        log = self.folder / "build.log"
        bench = self.bundle / "bench"
        _copy([bench / "verilator_main.cpp"], self.folder / "sources")
        copies = _copy([*sources(self.bundle, taps), bench / "public.vlt"], self.folder / "sources")
        arguments = [*VERILATOR_FLAGS, "--x-initial", "unique", *(["--trace"] if waves else [])]
        objects = runtime / ("waves" if waves else "plain")
        self.finished = _take_runtime(objects, self.folder)
        self._with_log(
            log,
            lambda runner: runner.build(
                sources=copies, hdl_toplevel=TOP, build_dir=self.folder, build_args=arguments, log_file=log,
                parameters={"STORED": stored}, defines={"HWGEN_TAPS": 1} if taps else {},
            ),
        )  # fmt: skip
        _keep_runtime(self.folder, objects)

    def run(self, cwd: Path, work: Path, plusargs: Sequence[str], seed: int) -> float | None:
        """Runs in the folder `cwd`, from which the design reads its memories; logs go to `work`.

        Returns the CPU seconds between the first cycle and the last, if it came so far.
        """
        log, counters = work / "sim.log", work / "counters.json"
        counters.unlink(missing_ok=True)
        random = ["+verilator+rand+reset+2", f"+verilator+seed+{seed % 0x7FFFFFFF + 1}"]
        self._with_log(
            log,
            lambda runner: runner.test(
                test_module="test_bundle", hdl_toplevel=TOP, hdl_toplevel_lang="verilog", build_dir=self.folder,
                test_dir=cwd, plusargs=[*plusargs, *random], log_file=log,
                results_xml=str((work / "results.xml").absolute()),
                extra_env={"HWGEN_COUNTERS": str(counters.absolute()), "COCOTB_ANSI_OUTPUT": "0"},
            ),
        )  # fmt: skip
        return json.loads(counters.read_text())["seconds"] if counters.exists() else None

    def _with_log(self, log: Path, call) -> None:  # type: ignore[no-untyped-def]
        try:
            call(_runner(self.folder / "sources" / "verilator_main.cpp", self.finished))
        except (SystemExit, RuntimeError, OSError) as error:
            raise ToolError(f"verilator: {error}; the end of its log:\n{_tail(log)}") from error


def _runner(main: Path, finished: Sequence[str]):  # type: ignore[no-untyped-def]
    """cocotb's runner with our own main program, and without its default of making every signal visible.

    finished: objects that make shall not compile again.
    """
    try:
        from cocotb_tools.runner import Verilator
    except ImportError as error:
        raise ToolError("the Python package cocotb is not installed (pip install cocotb)") from error

    class FastVerilator(Verilator):
        def _build_command(self):  # type: ignore[no-untyped-def]
            verilate, make = super()._build_command()
            words = [str(main) if word.endswith("verilator.cpp") else word for word in verilate]
            return [[word for word in words if word != "--public-flat-rw"], [*make, *_keep(finished, "-O1")]]

    return FastVerilator()


class IcarusBench:
    """The bench interpreted by Icarus Verilog: slower, but ready at once; needs no cocotb."""

    name = "icarus"

    def __init__(self, bundle: Path, folder: Path):
        self.bundle, self.folder = bundle, folder

    def build(self, stored: int, taps: bool, waves: bool, runtime: Path) -> None:
        """As VerilatorBench.build; Icarus can always dump a waveform."""
        if shutil.which("iverilog") is None:
            raise ToolError("no program iverilog on PATH")
        command = ["iverilog", "-g2005", "-o", str(self.folder / "bench.vvp"), "-s", TOP, f"-P{TOP}.STORED={stored}"]
        command += ["-DHWGEN_TAPS"] if taps else []
        _run([*command, *map(str, sources(self.bundle, taps))], self.bundle, self.folder / "build.log")

    def run(self, cwd: Path, work: Path, plusargs: Sequence[str], seed: int) -> float | None:
        """As VerilatorBench.run; Icarus has no random start values, so `seed` changes nothing."""
        begin = time.perf_counter()
        _run(["vvp", "-N", str(self.folder / "bench.vvp"), *plusargs, "+finish"], cwd, work / "sim.log")
        return time.perf_counter() - begin


class RawVerilator:
    """The design alone in a C++ loop: how fast Verilator can be at best."""

    name = "raw"

    def __init__(self, bundle: Path, folder: Path):
        self.bundle, self.folder = bundle, folder

    def build(self, top: str, runtime: Path) -> None:
        copies = _copy(sorted((self.bundle / "rtl").glob("*.v")), self.folder / "sources")
        main = _copy([self.bundle / "bench" / "raw_main.cpp"], self.folder / "sources")
        command = ["verilator", "--cc", "--exe", "--build", *VERILATOR_FLAGS, "--x-initial", "fast", "--prefix", "Vtop"]
        command += [
            "--top-module",
            top,
            "-Mdir",
            str(self.folder),
            "-o",
            "raw",
            "--build-jobs",
            str(os.cpu_count() or 1),
        ]
        finished = _take_runtime(runtime / "raw", self.folder)
        flags = [word for flag in _keep(finished, "-O2") for word in ("-MAKEFLAGS", flag)]
        _run([*command, *flags, *map(str, main), *map(str, copies)], self.folder, self.folder / "build.log")
        _keep_runtime(self.folder, runtime / "raw")

    def run(self, work: Path, vectors: Path, cycles: int) -> float:
        """Cycles per CPU second."""
        log = work / "raw.log"
        _run([str(self.folder / "raw"), str(vectors), str(cycles)], self.bundle, log)
        return float(log.read_text().split()[-1])


def _copy(files: Sequence[Path], folder: Path) -> list[Path]:
    """Copies under short paths without spaces: make cannot work with others."""
    folder.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copy(file, folder / file.name)) for file in files]


def _take_runtime(kept: Path, folder: Path) -> list[str]:
    """Copies what is there of the compiled run-time library; returns its file names."""
    return sorted(Path(shutil.copy(file, folder / file.name)).name for file in kept.glob("verilated*.o"))


def _keep(objects: Sequence[str], optimize: str) -> list[str]:
    """Words for make: how to compile, and the objects that are finished although they look out of date.

    -O1 compiles a network in half the time of -O2 and runs as fast; the raw design gets -O2, to be fair to it.
    """
    return [f"OPT_FAST={optimize}", *(f"--old-file={name}" for name in objects)]


def _keep_runtime(folder: Path, kept: Path) -> None:
    """Keeps the compiled run-time library and removes everything that running the bench does not need."""
    kept.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("verilated*.o"):
        if not (kept / file.name).exists():
            unfinished = kept / f"{file.name}.{os.getpid()}"
            shutil.copy(file, unfinished)
            unfinished.replace(kept / file.name)
    for file in folder.iterdir():
        if file.suffix in {".o", ".a", ".d", ".h", ".cpp", ".gch", ".fast", ".slow", ".mk"}:
            file.unlink()


def _run(command: Sequence[str], cwd: Path, log: Path) -> None:
    with log.open("w") as output:
        done = subprocess.run(command, cwd=cwd, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise ToolError(f"{Path(command[0]).name} ended with code {done.returncode}; the end of its log:\n{_tail(log)}")


def _tail(log: Path, lines: int = 15) -> str:
    text = log.read_text(errors="replace").rstrip().splitlines() if log.exists() else []
    return "\n".join(f"  {line}" for line in text[-lines:])

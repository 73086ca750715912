# SPDX-License-Identifier: Apache-2.0
"""Simulates a bundle against the golden vectors it carries. Needs Python and a simulator, not hwgen.

    python3 bench/run.py                            Verilator through cocotb, else Icarus Verilog
    python3 bench/run.py --backpressure random      with random pauses on all streams
    python3 bench/run.py --flip-bit                 one bit of one weight flipped: passes if the bench notices

Exit code 0: everything as promised; 1: not; 2: a tool is missing or failed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

from bench_log import ALL, BenchLog, read_log
from choose_simulator import choose_simulator
from negative import flipped_copies
from simulators import IcarusBench, RawVerilator, ToolError, VerilatorBench, sources

BUNDLE = Path(__file__).resolve().parent.parent


def main() -> int:
    options = _arguments()
    manifest = json.loads((BUNDLE / "manifest.json").read_text(encoding="utf-8"))
    os.environ.pop("PYTEST_CURRENT_TEST", None)  # cocotb's runner would take this for a test of its own
    try:
        if options.raw_cycles:
            return _run_raw(options, manifest)
        return _run_bench(options, manifest)
    except ToolError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Simulate this bundle against its golden vectors.")
    parser.add_argument("--simulator", choices=("auto", "verilator", "icarus"), default="auto")
    parser.add_argument("--vectors", default="vectors", help="folder of the vectors")
    parser.add_argument("--samples", type=int, help="frames of the vectors to use (default: all)")
    parser.add_argument("--interval-frames", type=int, help="frames back to back to measure the initiation interval")
    parser.add_argument("--backpressure", choices=("none", "random"), default="none")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--waves", metavar="FROM:TO", help="dump these cycles into bench.vcd in the work folder")
    parser.add_argument("--taps", metavar="PHASE:FRAME", help="write the beats of a frame on all inner streams")
    parser.add_argument("--last-phase", type=int, default=ALL)
    parser.add_argument("--flip-bit", action="store_true", help="flip one bit of a weight and expect mismatches")
    parser.add_argument("--work", default="build/sim", help="folder for logs and results")
    parser.add_argument("--build", help="folder of the compiled bench; used as it is if it is there")
    parser.add_argument("--runtime", help="folder for Verilator's compiled run-time library, shared by all designs")
    parser.add_argument("--build-only", action="store_true")
    parser.add_argument("--stored", type=int, help="frames that the bench can hold (default: all, at least 16)")
    parser.add_argument("--raw-cycles", type=int, default=0, help="only measure the design alone for so many cycles")
    return parser.parse_args()


def _run_bench(options: argparse.Namespace, manifest: dict) -> int:
    work = (BUNDLE / options.work).absolute()
    work.mkdir(parents=True, exist_ok=True)
    vectors = (BUNDLE / options.vectors).absolute()
    samples = options.samples or _count_samples(vectors, manifest)
    bench = _built(options, samples)
    if options.build_only:
        return 0
    if options.flip_bit:
        return _run_flipped(bench, options, manifest, work, vectors, samples)
    (work / "results.json").unlink(missing_ok=True)
    plusargs = _plusargs(options, manifest, work, vectors, samples)
    seconds = bench.run(BUNDLE, work, plusargs, options.seed)
    log = read_log(work / "bench.log")
    results = _results(options, manifest, log, seconds) | {"simulator": bench.name, "samples": samples}
    (work / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    _print(results)
    return 0 if results["passed"] else 1


def _run_flipped(
    bench: VerilatorBench | IcarusBench,
    options: argparse.Namespace,
    manifest: dict,
    work: Path,
    vectors: Path,
    samples: int,
) -> int:
    memories = _memories(manifest)
    if not memories:
        raise ToolError("this design has no memory whose bit could be flipped")
    plusargs = _plusargs(options, manifest, work, vectors, samples)
    for flipped in flipped_copies(BUNDLE, memories, work / "flipped"):
        bench.run(work / "flipped", work, plusargs, options.seed)
        log = read_log(work / "bench.log")
        if log.mismatches or log.breaches:
            print(f"PASS: the bench notices a flipped bit in {flipped}: {log.mismatches} mismatches")
            return 0
        print(f"a flipped bit in {flipped} changes no result; trying another")
    print("FAIL: the bench does not notice flipped bits")
    return 1


def _memories(manifest: dict) -> list[str]:
    """All $readmemh files; those of the last stages stand last."""
    stages = [tap["name"] for tap in manifest["taps"]]

    def place(name: str) -> tuple[int, str]:
        return max((k for k, stage in enumerate(stages) if name.startswith(stage)), default=-1), name

    return [f"mem/{name}" for name in sorted((p.name for p in (BUNDLE / "mem").glob("*")), key=place)]


def _run_raw(options: argparse.Namespace, manifest: dict) -> int:
    """Prints how many cycles a CPU second the design alone makes, in a C++ loop that plays the same vectors."""
    work, vectors = (BUNDLE / options.work).absolute(), (BUNDLE / options.vectors).absolute()
    work.mkdir(parents=True, exist_ok=True)
    folder = Path(options.build).absolute() if options.build else _build_root() / "raw"
    choose_simulator("verilator", _build_root())
    raw = RawVerilator(BUNDLE, folder)
    if options.build_only or not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        raw.build(manifest["top"], _runtime(options))
        (folder / "complete").touch()
    if not options.build_only:
        print(raw.run(work, vectors, options.raw_cycles))
    return 0


def _count_samples(vectors: Path, manifest: dict) -> int:
    port = manifest["ports"][0]
    path = vectors / f"{port['prefix']}.hex"
    if not path.exists():
        raise ToolError(f"no vectors in {path}")
    with path.open(encoding="ascii") as lines:
        return sum(1 for line in lines if line.strip()) // port["beats"]


def _built(options: argparse.Namespace, samples: int) -> VerilatorBench | IcarusBench:
    """The compiled bench: from the folder given, else from the bundle's build folder, compiled if it is not there."""
    name = choose_simulator(options.simulator, _build_root())
    kind = VerilatorBench if name == "verilator" else IcarusBench
    stored = options.stored or max(16, 1 << (samples - 1).bit_length())
    taps, waves = options.taps is not None, options.waves is not None
    folder = Path(options.build) if options.build else _build_root() / _key(name, stored, taps, waves)
    bench = kind(BUNDLE, folder.absolute())
    if options.build_only or not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)  # what a build that was broken off left behind would be taken up
        folder.mkdir(parents=True)
        bench.build(stored, taps, waves, _runtime(options))
        (folder / "complete").touch()
    return bench


def _runtime(options: argparse.Namespace) -> Path:
    return Path(options.runtime).absolute() if options.runtime else _build_root() / "runtime"


def _build_root() -> Path:
    """Where compiled benches go: into the bundle, unless make could not work there because of a space in the path."""
    root = BUNDLE / "build"
    if not any(character.isspace() for character in str(root)):
        return root
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "hwgen-bench" / hashlib.sha256(str(BUNDLE).encode()).hexdigest()[:16]


def _key(name: str, stored: int, taps: bool, waves: bool) -> str:
    """Changes whenever the compiled bench would."""
    digest = hashlib.sha256(f"{stored} {taps} {waves} {sys.prefix}".encode())
    for path in [
        *sources(BUNDLE, taps),
        *sorted((BUNDLE / "bench").glob("*.vlt")),
        Path(__file__).parent / "simulators.py",
    ]:
        digest.update(path.name.encode() + path.read_bytes())
    return f"{name}-{digest.hexdigest()[:16]}"


def _plusargs(options: argparse.Namespace, manifest: dict, work: Path, vectors: Path, samples: int) -> list[str]:
    timing = manifest.get("timing", {})
    latency, interval = timing.get("latency", 1000), timing.get("initiation_interval", 1000)
    arguments = {
        "vectors": vectors,
        "log": work / "bench.log",
        "samples": samples,
        "interval_frames": options.interval_frames or max(samples, timing.get("frames", 3) + 2),
        "cut": latency // 2 + interval + 8,
        "quiet": 8 * (latency + interval) + 2_000,
        "stall": int(options.backpressure == "random"),
        "stall_seed": options.seed,
        "last_phase": options.last_phase,
    }
    if options.taps is not None:
        phase, frame = options.taps.split(":")
        arguments |= {"tap_log": work / "taps.log", "tap_phase": phase, "tap_frame": frame}
    if options.waves is not None:
        begin, _, end = options.waves.partition(":")
        arguments |= {"wave": work / "bench.vcd", "wave_from": begin or 0, **({"wave_to": end} if end else {})}
    return [f"+{name}={value}" for name, value in arguments.items()]


def _results(options: argparse.Namespace, manifest: dict, log: BenchLog, seconds: float | None) -> dict:
    measured = log.measured()
    predicted = {name: manifest.get("timing", {}).get(name) for name in measured}
    whole = options.last_phase == ALL and options.waves is None
    on_time = all(p in (None, measured[name]) for name, p in predicted.items())
    return {
        "passed": log.passed and (on_time or not whole),
        "seed": options.seed,
        "backpressure": options.backpressure,
        "cycles": log.cycles,
        "mismatches": log.mismatches,
        "breaches": [vars(breach) for breach in log.breaches],
        "wrong": [vars(wrong) for wrong in log.wrong],
        "stuck": log.stuck,
        "phases": log.phases,
        "intervals": log.intervals(),
        **{name: {"predicted": predicted[name], "measured": measured[name]} for name in measured},
        "seconds": seconds,
        "cycles_per_second": round(log.cycles / seconds) if seconds else None,
    }


def _print(results: dict) -> None:
    print(f"{'PASS' if results['passed'] else 'FAIL'}: {results['samples']} samples, {results['cycles']} cycles, "
          f"{results['mismatches']} mismatches, {len(results['breaches'])} breaches of protocol "
          f"({results['simulator']}, backpressure {results['backpressure']}, seed {results['seed']})")  # fmt: skip
    for name in ("initiation_interval", "latency", "first_out"):
        print(f"  {name:20} predicted {results[name]['predicted']}, measured {results[name]['measured']}")
    for wrong in results["wrong"][:4]:
        print(
            "  wrong: port {port} frame {frame} beat {beat} cycle {cycle}: {found}, expected {expected}".format(**wrong)
        )
    for breach in results["breaches"][:4]:
        print("  breach: {what} at port {port} frame {frame} beat {beat} cycle {cycle}".format(**breach))


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Where a wrong value comes from: every inner stream of one frame compared with the golden model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.emit.vectors import StreamMap, ports_of
from hwgen.ir.evaluate import evaluate
from hwgen.ir.graph import Graph
from hwgen.simulation.bench_run import BenchRun
from hwgen.simulation.result import FirstWrong


@dataclass(frozen=True)
class Place:
    """A frame of a phase of the bench, and the cycle in which something was first seen to be wrong."""

    phase: int
    frame: int
    cycle: int


def first_place(run: BenchRun, results: Mapping[str, Any]) -> Place | None:
    """The earliest frame with a wrong value, or the frame in which the streams got stuck."""
    wrong = [Place(w["phase"], w["frame"], w["cycle"]) for w in results["wrong"]]
    outputs = [k for k, port in enumerate(ports_of(run.manifest)) if port.direction == "out"]
    for breach in results["breaches"]:
        if breach["what"] == "stuck":
            frame = min(results["stuck"][str(k)] // ports_of(run.manifest)[k].beats for k in outputs)
            wrong.append(Place(breach["phase"], frame, breach["cycle"]))
    return min(wrong, key=lambda place: (place.phase, place.frame), default=None)


def locate(
    run: BenchRun, graph: Graph, inputs: Mapping[str, np.ndarray], place: Place, arguments: list[str]
) -> FirstWrong | None:
    """Simulates again up to `place` with taps on all inner streams; the first wrong value of the first wrong node.

    None if all inner streams are right.
    """
    run.progress("finding the first wrong node")
    run.simulate(*arguments, "--taps", f"{place.phase}:{place.frame}", "--last-phase", str(place.phase))
    beats = _read_taps(run.work / "taps.log")
    entries = run.manifest["taps"]
    sample = place.frame % run.samples
    codes = {name: values[sample : sample + 1] for name, values in inputs.items()}
    names = [entry["name"] for entry in entries if entry["name"] in graph.by_name]
    golden = evaluate(graph, codes, taps=names)
    order = {node.name: k for k, node in enumerate(graph)}
    for k in sorted(range(len(entries)), key=lambda k: order.get(entries[k]["name"], len(order))):
        stream = StreamMap.of_manifest(entries[k])
        if stream.name not in golden:
            continue
        fault = _first_difference(stream, beats.get(k, []), golden[stream.name][0])
        if fault is not None:
            lane, found, expected, cycle = fault
            return FirstWrong(
                stream.name, tuple(entries[k].get("origin", ())), entries[k].get("tensor", ""), sample, place.phase,
                place.frame, cycle if cycle is not None else place.cycle, stream.index(0, lane), expected, found,
            )  # fmt: skip
    return None


def at_the_edge(run: BenchRun, results: Mapping[str, Any]) -> FirstWrong | None:
    """The first wrong value at an output port, from what the bench wrote down itself."""
    if not results["wrong"]:
        return None
    wrong = min(results["wrong"], key=lambda w: (w["phase"], w["frame"], w["cycle"]))
    entry = run.manifest["ports"][wrong["port"]]
    stream = ports_of(run.manifest)[wrong["port"]]
    expected = stream.codes([int(wrong["expected"], 16)])[0]
    known = all(digit in "0123456789abcdef" for digit in wrong["found"].lower())
    found = stream.codes([int(wrong["found"], 16)])[0] if known else None
    lane = int(np.flatnonzero(found != expected)[0]) if found is not None and (found != expected).any() else 0
    return FirstWrong(
        stream.name, (), entry.get("tensor", ""), wrong["frame"] % run.samples, wrong["phase"], wrong["frame"],
        wrong["cycle"], stream.index(wrong["beat"], lane), int(expected[lane]), None if found is None else int(found[lane]),
    )  # fmt: skip


def _read_taps(log: Path) -> dict[int, list[tuple[int, int | None]]]:
    """Per tap the (cycle, word) of each of its beats; a word with undefined bits is None."""
    beats: dict[int, list[tuple[int, int | None]]] = {}
    for line in log.read_text(encoding="ascii").split("\n")[:-1]:
        _, tap, cycle, word = line.split()
        defined = all(digit in "0123456789abcdef" for digit in word.lower())
        beats.setdefault(int(tap), []).append((int(cycle), int(word, 16) if defined else None))
    return beats


def _first_difference(
    stream: StreamMap, beats: list[tuple[int, int | None]], golden: np.ndarray
) -> tuple[int, int | None, int, int | None] | None:
    """(position in the stream, found, expected, cycle) of the first wrong or missing element of a frame."""
    expected = golden.ravel()[stream.order.indices]
    undefined = next((k for k, (_, word) in enumerate(beats) if word is None), None)
    beats = beats[:undefined]
    found = stream.codes([word for _, word in beats if word is not None]).ravel() if beats else expected[:0]
    differ = np.flatnonzero(found != expected[: len(found)])
    if len(differ):
        k = int(differ[0])
        return k, int(found[k]), int(expected[k]), beats[k // stream.lanes][0]
    if len(found) < len(expected):
        return len(found), None, int(expected[len(found)]), beats[-1][0] if beats else None
    return None

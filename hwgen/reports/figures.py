# SPDX-License-Identifier: Apache-2.0
"""The pictures of a report, as SVG text that needs nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hwgen.assets import render
from hwgen.reports.layout import BOX_HEIGHT, BOX_WIDTH, lay_out
from hwgen.reports.report import LinkRow, Report, StageRow

NAME_LETTERS, DETAIL_LETTERS = 30, 38
LETTER_WIDTH, LABEL_GAP = 6.0, 7.0  # of a label, in pixels


@dataclass(frozen=True)
class Box:
    """A stage or port of the picture: its left upper corner, two lines of text, and how busy it is (0 to 1)."""

    x: float
    y: float
    kind: str
    title: str
    detail: str
    tip: str
    busy: float


@dataclass(frozen=True)
class Line:
    """A link: its path, where its label stands, and what it says."""

    path: str
    x: float
    y: float
    anchor: str
    label: str
    tip: str


def dataflow_svg(report: Report) -> str:
    """The stages and streams of a design, top to bottom; a bar shows how long each stage is busy."""
    ports = {port["name"]: port for port in report.ports}
    stages = {stage.name: stage for stage in report.stages}
    edges = [(link.source, link.sink) for link in report.links]
    inputs = [name for name, port in ports.items() if port["direction"] == "in"]
    layout = lay_out([*inputs, *stages, *(name for name in ports if name not in inputs)], edges)
    boxes = []
    for name, (x, y) in layout.boxes.items():
        corner = (x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2)
        boxes.append(_stage_box(*corner, stages[name], report) if name in stages else _port_box(*corner, ports[name]))
    crowd = Counter(link.source for link in report.links)
    lines = [_line(link, layout.lines[link.source, link.sink], crowd) for link in report.links]
    width = max([layout.width, *(line.x + LETTER_WIDTH * len(line.label) for line in lines)])
    size = {"width": width, "height": layout.height, "box_width": BOX_WIDTH, "box_height": BOX_HEIGHT}
    return render("report/dataflow.svg.j2", boxes=boxes, lines=lines, **size)


def _stage_box(x: float, y: float, stage: StageRow, report: Report) -> Box:
    tip = f"{stage.name}\n{', '.join(stage.origin)}\n{stage.operator}: {stage.folding}\n{stage.cycles} cycles a frame"
    kind = "bottleneck" if stage is report.bottleneck else "stage"
    detail = shorten(f"{stage.operator} · {stage.form}" if stage.form else stage.operator, DETAIL_LETTERS)
    return Box(x, y, kind, shorten(stage.name, NAME_LETTERS), detail, tip, min(1.0, stage.share))


def _port_box(x: float, y: float, port: Mapping[str, Any]) -> Box:
    shape = "x".join(str(n) for n in port["shape"])
    detail = f"{shape}, {'s' if port['signed'] else 'u'}{port['bits']}, {port['lanes']} a beat"
    tip = f"{port['prefix']}: {port['tensor']}, {port['beats']} beats a frame"
    return Box(x, y, "port", shorten(port["tensor"] or port["name"], NAME_LETTERS), detail, tip, 0.0)


def _line(link: LinkRow, points: tuple[tuple[float, float], ...], crowd: Counter[str]) -> Line:
    """Straight through layers, curved between them; its label stands where no other link of its ends is."""
    path = f"M{_point(points[0])}"
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        middle = (y0 + y1) / 2
        path += (
            f" L{_point((x1, y1))}"
            if x0 == x1
            else f" C{_point((x0, middle))} {_point((x1, middle))} {_point((x1, y1))}"
        )
    width = f"{link.lanes} × {link.bits} bit" if link.bits else link.lanes
    label = f"{width}, queue {link.queue}" if link.queue else width
    x, y, anchor = _label_place(points, at_sink=crowd[link.source] > 1)
    return Line(path, x, y, anchor, label, f"{link.source} to {link.sink}: {label}")


def _label_place(points: tuple[tuple[float, float], ...], at_sink: bool) -> tuple[float, float, str]:
    """Beside a straight line; at the outer side of a curved one, at the end that it does not share."""
    if len(points) > 2:
        return points[1][0] + LABEL_GAP, (points[1][1] + points[2][1]) / 2, "start"
    (x0, y0), (x1, y1) = points
    if x0 == x1:
        return x0 + LABEL_GAP, (y0 + y1) / 2, "start"
    own, shared, part = (x1, x0, 0.75) if at_sink else (x0, x1, 0.25)
    side = 1 if own > shared else -1
    return own + side * LABEL_GAP, y0 + part * (y1 - y0), "start" if side > 0 else "end"


def _point(point: tuple[float, float]) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"


def shorten(text: str, letters: int) -> str:
    """`text` with its middle left out where it is longer than `letters`."""
    if len(text) <= letters:
        return text
    head = (letters - 1) // 2
    return f"{text[:head]}…{text[len(text) - (letters - 1 - head) :]}"

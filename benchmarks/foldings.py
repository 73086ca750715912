# SPDX-License-Identifier: Apache-2.0
"""``python -m benchmarks.foldings`` writes docs/foldings.md: what every form of a matrix product costs, by the laws of its kernel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.mvu import INT4, INT8, LANES, node_of
from hwgen.ir.graph import Node
from hwgen.ir.leaves import Constant
from hwgen.kernels.base import Folding
from hwgen.kernels.catalog import kernel_of
from hwgen.kernels.matmul.op import weights_of
from hwgen.numerics.range import IntRange
from hwgen.targets import Target

PAGE = Path(__file__).parents[1] / "docs" / "foldings.md"
TARGETS = ("ecp5-85k", "xcup")
_HEAD = """<!-- SPDX-License-Identifier: Apache-2.0 -->
# Foldings of a matrix product

Written by `python -m benchmarks.foldings` from the laws that the planner prices with: predictions, not measurements. 64 x 64
random weights, one vector a frame, weights in block RAM; of the folded forms those that take 8 inputs and give 8 outputs a beat.
Latency: cycles from the event that gives a beat to the beat. LUTs are packed cells of ECP5, LUT6s of Xilinx. What the fields
mean and what was measured: [matmul](kernels/matmul.md).

"""


class Work(NamedTuple):
    """A matrix product to fold. weights: lowest and highest, or all that occur."""

    name: str
    weights: tuple[int, ...]
    x: IntRange


WORKS = (
    Work("16 x 16 bits", (-32768, 32767), IntRange(-32768, 32767)),
    Work("8 x 8 bits", (-128, 127), INT8),
    Work("4 x 4 bits", (-8, 7), INT4),
    Work("ternary x 8 bits", (-1, 0, 1), INT8),
    Work("+-1 x 0/1", (-1, 1), IntRange(0, 1)),
)


def page() -> str:
    """The text of docs/foldings.md."""
    works = [(work.name, node_of(work.weights, work.x)) for work in WORKS]
    works.append(("8 x 8 bits, two of four weights zero", _every_second_pair_zero(works[1][1])))
    return _HEAD + "\n".join(f"## {name}\n\n{_table(node)}" for name, node in works)


def _every_second_pair_zero(node: Node) -> Node:
    weights = weights_of(node.src).copy()
    weights[:, np.arange(weights.shape[1]) % 4 > 1] = 0
    return Node(node.op, (node.src[0], Node(Constant(weights), (), "w")), node.name)


def _table(node: Node) -> str:
    lines = ["| target | form | cycles | latency | LUT | FF | DSP | RAM |", "|---|---|---:|---:|---:|---:|---:|---:|"]
    for name in TARGETS:
        target, kernel = Target.named(name), kernel_of(node)
        for folding in _shown(node, target):
            area, latency = kernel.area(node, folding, target), kernel.schedule(node, folding).latency
            figures = (kernel.cycles(node, folding).worst, latency, *area.amounts)
            lines.append(f"| {name} | {_described(folding)} | {' | '.join(f'{n:,}' for n in figures)} |")
    return "\n".join(lines) + "\n"


def _shown(node: Node, target: Target) -> Iterator[Folding]:
    for folding in kernel_of(node).foldings(node, target):
        folded = (folding.lanes_in, folding.lanes_out) == ((LANES,), LANES)
        if (folded and getattr(folding, "weight_memory", "block") == "block") or folding.form == "constant":
            yield folding


def _described(folding: Folding) -> str:
    """The form and its fields, less the lanes, which all rows share."""
    hidden = {"lanes_in", "lanes_out", "group_lanes", "pe", "simd", "weight_memory"}
    fields = [f"{name} {value}" for name, value in asdict(folding).items() if name not in hidden]
    return ", ".join([f"`{folding.form}`", *fields])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

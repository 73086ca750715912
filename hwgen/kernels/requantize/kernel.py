# SPDX-License-Identifier: Apache-2.0
"""Binds the Requantize operator to its foldings and units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.op import Op
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Cycles, MemoryImage
from hwgen.kernels.requantize import area, constants, folding, proof
from hwgen.kernels.requantize.folding import RequantizeFolding
from hwgen.kernels.requantize.indexing import index_thresholds
from hwgen.kernels.requantize.op import Requantize
from hwgen.kernels.requantize.spec import DivisionSpec, LineSpec, RequantizeSpec, ThresholdsSpec
from hwgen.targets import Resources, Target

if TYPE_CHECKING:
    from hwgen.kernels.requantize.unit_base import RequantizeUnit


class RequantizeKernel:
    """Accumulators to codes: an exact staircase per channel in one of several proven forms."""

    op: type[Op] = Requantize

    def foldings(self, node: Node, target: Target) -> tuple[RequantizeFolding, ...]:
        return folding.foldings(node, target)

    def orders(
        self, node: Node, folding_: RequantizeFolding, given: tuple[Order, ...]
    ) -> tuple[tuple[Order, ...], Order]:
        return folding.orders(node, folding_, given)

    def schedule(self, node: Node, folding_: RequantizeFolding) -> Schedule:
        return folding.schedule(node, folding_)

    def cycles(self, node: Node, folding_: RequantizeFolding) -> Cycles:
        return Cycles.exactly(node.type.size // folding_.lanes_out)

    def area(self, node: Node, folding_: RequantizeFolding, target: Target) -> Resources:
        return area.area(folding.spec(node, folding_), target.family)

    def spec(self, node: Node, folding_: RequantizeFolding) -> RequantizeSpec:
        return folding.spec(node, folding_)

    def merge(self, specs: tuple[RequantizeSpec, ...]) -> RequantizeSpec:
        if len(set(specs)) > 1:
            raise IllegalFolding.of(
                "Requantize", "these stages need different units", found=specs, expected="equal specs",
                fix="one unit each",
            )  # fmt: skip
        return specs[0]

    def unit(self, spec: RequantizeSpec) -> RequantizeUnit:
        from hwgen.kernels.requantize.unit_division import DivisionUnit
        from hwgen.kernels.requantize.unit_line import LineUnit
        from hwgen.kernels.requantize.unit_thresholds import ThresholdsUnit

        if isinstance(spec, LineSpec):
            return LineUnit(spec)
        return DivisionUnit(spec) if isinstance(spec, DivisionSpec) else ThresholdsUnit(spec)  # type: ignore[arg-type]

    def program(
        self, node: Node, folding_: RequantizeFolding, spec: RequantizeSpec, taken: tuple[Order, ...]
    ) -> dict[str, MemoryImage]:
        """Constants in the order in which the channels arrive; nothing where all channels share them."""
        if isinstance(spec, ThresholdsSpec):
            return _threshold_images(node, spec, folding.channels_of_words(node, spec.lanes, taken[0]))
        if not spec.groups:
            return {}
        channels = folding.channels_of_words(node, spec.lanes, taken[0])
        if isinstance(spec, LineSpec):
            form = folding.shift_form_of(node, folding_)  # type: ignore[arg-type]
            images = {"addends": _image(form.addend, channels, spec.addend_bits)}
            if spec.multiplier != "none":
                images["multipliers"] = _image(form.multiplier, channels, spec.multiplier_bits)
            return images
        assert isinstance(spec, DivisionSpec)
        division = folding.division_of(node)
        images = {"addends": _image(folding.first_addends(division), channels, spec.addend_bits)}
        if not spec.divisor:
            images["divisors"] = _image(division.divisor, channels, spec.divisor_bits)
        if spec.nudge_bits:
            images["nudges"] = _image(division.nudge, channels, spec.nudge_bits)
        if spec.live == "some":
            images["live"] = _image(tuple(map(int, division.live)), channels, 1)
        return images | _falling_image(division.index.falling, channels, spec)

    def proof(self, node: Node, folding_: RequantizeFolding, taken: tuple[Order, ...] = ()) -> dict[str, Any]:
        """The constants of every channel and the points at which they were compared with the staircase (JSON-able)."""
        return proof.proof(node, folding_, taken)


def _image(values: tuple[int, ...], channels: np.ndarray, bits: int) -> MemoryImage:
    return MemoryImage(np.array(values)[channels], bits)


def _falling_image(
    falling: tuple[bool, ...], channels: np.ndarray, spec: DivisionSpec | ThresholdsSpec
) -> dict[str, MemoryImage]:
    if spec.falling != "some":
        return {}
    return {"falling": _image(tuple(map(int, falling)), channels, 1)}


def _threshold_images(node: Node, spec: ThresholdsSpec, channels: np.ndarray) -> dict[str, MemoryImage]:
    """Step s of the search holds every (2**(bits - s))-th threshold, from the middle of the first interval on."""
    op, x = folding.op_and_range(node)
    index = constants.indexing(op, x)
    thresholds = np.stack([index_thresholds(s, index) for s in constants.staircases(op, x)])
    images = {}
    for step in range(spec.index_bits):
        spacing = 1 << (spec.index_bits - step)
        of_step = thresholds[:, spacing // 2 - 1 :: spacing]
        for lane in range(spec.lanes):
            words = of_step[channels[:, lane]].reshape(-1, 1)
            images[f"thresholds_{step}_{lane}"] = MemoryImage(words, spec.threshold_bits)
    return images | _falling_image(index.falling, channels, spec)

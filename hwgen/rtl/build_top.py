# SPDX-License-Identifier: Apache-2.0
"""From a plan to its top component, with every memory filled."""

from __future__ import annotations

from amaranth.lib import wiring

from hwgen.encodings.twos_complement.code import encode
from hwgen.kernels.base import MemoryImage
from hwgen.kernels.catalog import kernel_of
from hwgen.plan.plan import Plan
from hwgen.rtl.top import Top


def memory_images(plan: Plan) -> dict[str, MemoryImage]:
    """Contents of all memories; the key is ``<unit>_<memory>``, also the name of the file in ``mem/``."""
    images: dict[str, MemoryImage] = {}
    specs = {unit.name: unit.spec for unit in plan.units}
    for stage in plan.stages:
        program = kernel_of(stage.node).program(stage.node, stage.folding, specs[stage.unit], stage.taken)
        images |= {f"{stage.unit}_{name}": image for name, image in program.items()}
    return images


def memory_path(key: str) -> str:
    """Where a memory's contents lie, relative to the bundle's root."""
    return f"mem/{key}.hex"


def build_top(plan: Plan) -> Top:
    """The Amaranth component of the whole design."""
    images, units = memory_images(plan), {}
    stages = {stage.unit: stage for stage in plan.stages}
    for entry in plan.units:
        unit: wiring.Component = kernel_of(stages[entry.name].node).unit(entry.spec)
        for name, memory in getattr(unit, "memories", {}).items():
            key = f"{entry.name}_{name}"
            memory.load(encode(images[key].values, images[key].bits), memory_path(key))
        units[entry.name] = unit
    return Top(plan, units)

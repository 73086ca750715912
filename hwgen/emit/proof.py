# SPDX-License-Identifier: Apache-2.0
"""proof.json: for every requantizer and sum, why its hardware form equals the exact function, and where it stands.

bench/check_proof.py in a bundle recomputes all of it from the bit patterns of the scales, without hwgen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hwgen.kernels.catalog import kernel_of
from hwgen.plan.plan import Plan, Stage
from hwgen.rtl.build_top import memory_path

SCHEMA_VERSION = 2


def make_proof(plan: Plan, sources: Mapping[str, Mapping[str, Any]]) -> dict[str, object]:
    """One entry per stage whose kernel replaces an exact function by a proven form.

    sources: by node name the numbers of the file behind its constants (`onnx_frontend.scale_sources`); where a node has
    none, its own fractions stand in their place.
    """
    specs = {unit.name: unit.spec for unit in plan.units}
    stages = {}
    for stage in plan.stages:
        proof = getattr(kernel_of(stage.node), "proof", None)
        if proof is not None:
            proven = proof(stage.node, stage.folding, stage.taken)
            stages[stage.name] = {
                "origin": list(stage.node.origin),
                "tensor": stage.node.tensor,
                "operator": stage.node.op.name,
                "instance": stage.unit,
                "lanes": stage.folding.lanes_out,
                "result": [stage.node.type.range.lo, stage.node.type.range.hi],
                **proven,
                "scales": dict(sources.get(stage.node.name, proven["scales"])),
                "memories": _memories(stage, specs[stage.unit]),
            }
    return {"schema_version": SCHEMA_VERSION, "stages": stages}


def _memories(stage: Stage, spec: Any) -> dict[str, object]:
    """The files that hold the constants: a row a word, lane 0 in its low bits."""
    images = kernel_of(stage.node).program(stage.node, stage.folding, spec, stage.taken)
    return {
        name: {"file": memory_path(f"{stage.unit}_{name}"), "rows": image.depth, "bits": image.bits}
        for name, image in images.items()
    }

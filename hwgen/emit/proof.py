# SPDX-License-Identifier: Apache-2.0
"""proof.json: for every requantizer and sum, why its hardware form equals the exact function."""

from __future__ import annotations

from hwgen.kernels.catalog import kernel_of
from hwgen.plan.plan import Plan


def make_proof(plan: Plan) -> dict[str, object]:
    """One entry per stage whose kernel replaces an exact function by a proven form."""
    proofs = {}
    for stage in plan.stages:
        proof = getattr(kernel_of(stage.node), "proof", None)
        if proof is not None:
            proofs[stage.name] = {
                "origin": list(stage.node.origin),
                "tensor": stage.node.tensor,
                **proof(stage.node, stage.folding),
            }
    return {"schema_version": 1, "stages": proofs}

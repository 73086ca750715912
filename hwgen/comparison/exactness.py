# SPDX-License-Identifier: Apache-2.0
"""What is known about the exactness of a node without running anything: its function, its sums and its proven forms."""

from __future__ import annotations

from typing import Any

from hwgen.ir.graph import Node
from hwgen.kernels.catalog import kernel_of
from hwgen.kernels.elementwise.op import Table
from hwgen.numerics.range import IntRange
from hwgen.targets import Target

ANY_TARGET = Target.named("ecp5-85k")  # forms are exact or not on every device


def exactness_of(node: Node) -> dict[str, Any]:
    """dialect, accumulator, accumulator_bits, form and proof of a node (JSON values; null where it rounds nothing).

    form: the first that is exact, the one with least to it; a bundle's proof.json names the one that was built.
    proof: "exact" where nothing is rounded, "listed" for a table of all codes, "declared" for an operator with an error
    of its own, else what was compared.
    """
    source = node.src[0].type.range if node.src else node.type.range
    facts: dict[str, Any] = {
        "dialect": getattr(node.op, "dialect", None),
        "accumulator": [source.lo, source.hi],
        "accumulator_bits": IntRange(source.lo, source.hi).width,
        "form": None,
        "proof": "exact",
    }
    if isinstance(node.op, Table):
        return facts | {"dialect": "real", "form": "table", "proof": f"listed: {len(node.op.values)} codes"}
    kernel = kernel_of(node)
    declared = getattr(kernel, "declared_error", None)
    if declared is not None:
        bound = f"within {float(declared(node)):.2g} LSB"
        return facts | {
            "dialect": "real",
            "form": bound,
            "proof": f"declared: {bound} of the real value before rounding",
        }
    prove = getattr(kernel, "proof", None)
    if prove is None:
        return facts
    folding = kernel.foldings(node, ANY_TARGET)[0]
    proven = prove(node, folding)
    points = f"proven: {proven['points']} points"
    return facts | {"dialect": proven["dialect"], "form": proven["form"], "proof": points}

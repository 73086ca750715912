# SPDX-License-Identifier: Apache-2.0
"""What hwgen makes of a small net: hardware that equals golden, golden that equals the oracle, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hwgen.errors import UserError
from hwgen.passes.optimize import optimize
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal
from hwgen.targets import Target
from tests.exporters.exporters import Exporter, exists
from tests.harness import check_design
from tests.models import Pair

SAMPLES = 8
NOTHING = ("nothing is left to build", "it is not quantized")


@dataclass(frozen=True)
class Outcome:
    """status: "RTL", "host", "refused", "not exported" or "wrong". reason: why, or what is wrong."""

    status: str
    reason: str = ""


def outcome(exporter: Exporter, operator: str, opset: int, folder: Path) -> Outcome:
    """One net through the frontend, the golden model, and a simulation of its hardware."""
    if not exists(operator, opset):
        return Outcome("not exported", "no such operator in this opset")
    try:
        model = exporter.export(operator, opset, folder)
    except Exception as error:  # quantizers raise many types
        return Outcome("not exported", f"{type(error).__name__}: {str(error).splitlines()[0][:80]}")
    try:
        pair = Pair.of(model, exporter.engine)  # type: ignore[arg-type]
        compared = pair.compare(SAMPLES)
        if compared.unexplained or compared.max_lsb > 1:
            return Outcome("wrong", f"{compared.unexplained} unexplained, {compared.max_lsb} LSB")
        graph = optimize(pair.graph)
        if all(node.is_input or node.is_constant for node in graph):
            return Outcome("host")
        check_design(make_plan(graph, Target.named("generic"), Goal()), frames=2)
    except UserError as error:
        blocker = error.blockers[0]
        return Outcome("refused", f"{blocker.what} ({blocker.op or blocker.where}; {blocker.found})")
    except AssertionError as error:
        return Outcome("wrong", str(error)[:200])
    return Outcome("RTL")

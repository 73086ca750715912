# SPDX-License-Identifier: Apache-2.0
"""docs/conformance.md: how many node tests of the ONNX backend suite pass, and why each other one does not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from tests.conformance.cases import TITLES, Case
from tests.conformance.outcome import Outcome

PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"
HEAD = """<!-- SPDX-License-Identifier: Apache-2.0; written by make conformance -->
# Conformance with the ONNX backend node tests

The node tests that come with onnx {version}, as far as an integer compiler can take them. Inputs other than the data
(shapes, axes, scales) are constants. Numbers of operators that only move or compare are carried by codes in the same
order; operators on real numbers stand between a QuantizeLinear and a DequantizeLinear and are compared with
onnxruntime, where only certified ties may differ. **golden**: the integer model gives what the test expects. **RTL**: so
does the Verilog of one test of the operator, simulated. **host**: right, but not hardware (docs/numerics.md).
No test gives a wrong result.

"""


def write_page(
    cases: Mapping[str, Case], outcomes: Mapping[str, Outcome], simulated: set[str], page: Path = PAGE
) -> None:
    """simulated: operators of which a test was simulated as Verilog."""
    text = HEAD.format(version=version("onnx")) + _summary(cases, outcomes)
    for group, title in TITLES.items():
        text += f"\n## {title}\n\n" + _operators(group, cases, outcomes, simulated) + _refused(group, cases, outcomes)
    page.write_text(text, encoding="utf-8")


def _summary(cases: Mapping[str, Case], outcomes: Mapping[str, Outcome]) -> str:
    rows = ["| group | tests | golden | host | refused | pass |", "|---|---:|---:|---:|---:|---:|"]
    for group, title in TITLES.items():
        found = [outcomes[name].status for name, case in cases.items() if case.group == group]
        counts = [found.count(status) for status in ("golden", "host", "refused")]
        rows.append(f"| {title} | {len(found)} | {' | '.join(map(str, counts))} | {sum(counts[:2]) / len(found):.0%} |")
    return "\n".join(rows) + "\n"


def _operators(group: str, cases: Mapping[str, Case], outcomes: Mapping[str, Outcome], simulated: set[str]) -> str:
    rows = ["| operator | tests | golden | host | refused | RTL |", "|---|---:|---:|---:|---:|---|"]
    by_op: dict[str, list[str]] = defaultdict(list)
    for name, case in cases.items():
        if case.group == group:
            by_op[case.op].append(outcomes[name].status)
    for op, found in sorted(by_op.items()):
        counts = " | ".join(str(found.count(status)) for status in ("golden", "host", "refused"))
        rows.append(f"| {op} | {len(found)} | {counts} | {'yes' if op in simulated else ''} |")
    return "\n".join(rows) + "\n"


def _refused(group: str, cases: Mapping[str, Case], outcomes: Mapping[str, Outcome]) -> str:
    reasons: dict[str, list[str]] = defaultdict(list)
    for name, case in cases.items():
        if case.group == group and not outcomes[name].passed:
            reasons[outcomes[name].reason].append(f"`{name}`")
    if not reasons:
        return ""
    rows = ["| refused | because |", "|---|---|"]
    rows += [f"| {', '.join(names)} | {reason.replace('|', '/')} |" for reason, names in reasons.items()]
    return "\n" + "\n".join(rows) + "\n"

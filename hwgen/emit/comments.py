# SPDX-License-Identifier: Apache-2.0
"""Comments in emitted Verilog: whose it is, and what each stage does in the words of the model."""

from __future__ import annotations

import re

from hwgen import __version__
from hwgen.plan.plan import Plan, Stage


def commented(name: str, text: str, plan: Plan) -> str:
    """The Verilog of a design with a header, and a line in front of each stage's instance in the module `name`."""
    start = text.index(f"module {name} (")
    end = text.index("endmodule", start)
    top = text[start:end]
    for stage in plan.stages:
        comment = f"  // {_words(stage)}\n"
        at = re.search(rf"^  \w+ {stage.unit} \($", top, flags=re.M)
        if at is not None:
            top = top[: at.start()] + comment + top[at.start() :]
    return _header(name, plan) + text[:start] + top + text[end:]


def _header(name: str, plan: Plan) -> str:
    return (
        f"// {name} for {plan.target.name} at {float(plan.target.clock_mhz):g} MHz, made by hwgen {__version__}.\n"
        "// This file belongs to you: use it under any terms you like. README.md says what the ports carry.\n\n"
    )


def _words(stage: Stage) -> str:
    origin = ", ".join(part.encode("ascii", "backslashreplace").decode() for part in stage.node.origin)
    cycles = f"{stage.cycles.worst:,} cycles a frame"
    words = f"{stage.node.op.name}, {stage.folding.form}, {cycles}" + (f"; in the model: {origin}" if origin else "")
    return " ".join(words.split())

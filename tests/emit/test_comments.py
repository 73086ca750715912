# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

from hwgen.emit.comments import commented
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal
from hwgen.targets import Target
from tests.plan.networks import two_convs

TEXT = """module other (
  input wire clk
);
  part first (
  );
endmodule

module net (
  input wire clk
);
  net_first first (
    .clk(clk)
  );
  net_first_window first_window (
    .clk(clk)
  );
endmodule
"""


def test_the_stages_of_the_top_module_are_explained_and_nothing_else_changes() -> None:
    plan = make_plan(two_convs(), Target.named("ecp5-25k"), Goal(Fraction(1000)))
    lines = commented("net", TEXT, plan).splitlines()
    added = [line for line in lines if line.lstrip().startswith("//")]
    assert [line for line in lines if line not in added][1:] == TEXT.splitlines()
    assert added[0].startswith("// net for ecp5-25k at 100 MHz, made by hwgen")
    assert [line.split(",")[0] for line in added[2:]] == ["  // Requantize", "  // Window"]
    assert lines[lines.index(added[2]) + 1] == "  net_first first ("

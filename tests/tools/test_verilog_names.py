# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.tools.verilog_names import simplify_names


def _renamed(name: str, *others: str) -> str:
    """What one wire is called afterwards, in a module that has these other names too."""
    declared = "".join(f"  wire {other};\n" for other in others)
    text = simplify_names([f"module m();\n{declared}  wire {name} ;\nendmodule\n"])[0]
    return text.splitlines()[-2].removeprefix("  wire ").rstrip(" ;")


@pytest.mark.parametrize(
    "name,expected",
    [
        (r"\acc_$sdff_Q_D", "acc_next"),
        (r"\acc_$sdff_Q_D_1", "acc_next"),
        (r"\acc_$sdffe_Q_EN_$logic_and_Y_A", "acc_enable_and_a"),
        (r"\acc_$sdff_Q_D_$mux_Y_B", "acc_next_then"),
        (r"\space_$and_B_Y", "space_and"),
        (r"\x_$add_Y_A_$mul_Y_B_$mux_Y_S_$eq_Y_A", "x_add_a_if_eq_a"),
        (r"\y$35", "y_35"),
        (r"\always", "always_"),
        (r"\7seg", "n_7seg"),
        ("_12_", "read_word"),
        ("plain", "plain"),
    ],
)
def test_a_name_says_where_the_signal_comes_from(name: str, expected: str):
    assert _renamed(name) == expected


def test_two_signals_never_get_one_name():
    assert _renamed(r"\y$35", "y_35") == "y_35_2"


def test_text_in_quotes_is_left_alone():
    module = 'module m();\n  memory #(\n    .INIT("a_$and_B_Y.mem")\n  ) store (\n    .clk(clk)\n  );\nendmodule\n'
    assert simplify_names([module]) == [module]


def test_a_port_has_one_name_in_its_module_and_at_every_instance():
    child = "module child (\\port$1$0 );\n  input \\port$1$0 ;\nendmodule\n"
    parent = "module top (a);\n  input a;\n  child c (\n    .\\port$1$0 (a)\n  );\nendmodule\n"
    new_child, new_parent = simplify_names([child, parent])
    assert "input port_1_0;" in new_child
    assert ".port_1_0(a)" in new_parent

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from hwgen.tools.rtlil_names import prefer_own_names, rename_array_fields


def _module(*lines: str) -> str:
    return "\n".join(("module \\top", *lines, "end")) + "\n"


def test_array_fields_lose_their_brackets_but_bit_selects_stay():
    il = "  wire width 4 \\x[0]\nconnect \\x[0] \\x [3:0]\n"
    assert rename_array_fields(il) == "  wire width 4 \\x__0\nconnect \\x__0 \\x [3:0]\n"


def test_a_given_name_comes_before_that_of_an_interface_member():
    il = _module("  wire width 2 \\read__addr", "  wire width 2 \\count", "connect \\count \\read__addr [1:0]")
    expected = _module("  wire width 2 \\count", "  wire width 2 \\read__addr", "connect \\read__addr \\count [1:0]")
    assert prefer_own_names(il) == expected


def test_ports_keep_their_names():
    il = _module("  wire width 1 output 1  \\i__ready", "  wire width 1 \\fire", "connect \\fire \\i__ready [0:0]")
    assert prefer_own_names(il) == il


def test_a_part_of_a_signal_is_not_that_signal():
    il = _module("  wire width 4 \\a__wide", "  wire width 2 \\part", "connect \\part \\a__wide [1:0]")
    assert prefer_own_names(il) == il


def test_the_ports_of_an_instance_keep_their_names():
    il = _module(
        "  wire width 2 \\y$3", "  wire width 2 \\total", "  cell \\adder \\total_adder", "    connect \\y \\y$3 [1:0]",
        "    connect \\total 1'1", "  end", "connect \\total \\y$3 [1:0]",
    )  # fmt: skip
    assert "    connect \\total 1'1\n" in prefer_own_names(il)

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from hwgen.errors import UserError
from hwgen.synth.outline import ModulePort, read_outline
from tests.synth.designs import write_blocks


def test_ports_and_instances_of_the_top_module_are_read(tmp_path: Path):
    outline = read_outline(write_blocks(tmp_path), "blocks", tmp_path)
    assert outline.instances == ("product", "queue", "ram", "rom", "small", "table_")
    assert outline.ports == (
        ModulePort("clk", "input"),
        ModulePort("rst", "input"),
        ModulePort("address", "input", 10),
        ModulePort("we", "input"),
        ModulePort("a", "input", 8),
        ModulePort("b", "input", 8),
        ModulePort("y", "output", 64),
    )


def test_a_module_that_is_not_there_is_an_error_of_the_user(tmp_path: Path):
    with pytest.raises(UserError, match="there is no such module in the Verilog files"):
        read_outline(write_blocks(tmp_path), "nonsense", tmp_path)

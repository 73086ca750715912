# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import pytest

from hwgen.synth.netlist import GLUE, cell_counts
from hwgen.synth.outline import read_outline
from hwgen.synth.packed import mapped_resources
from hwgen.synth.pin_harness import pin_harness
from hwgen.synth.yosys import Synthesized, synthesize_cells
from hwgen.targets import Resources
from hwgen.tools.process import ToolFailed
from tests.synth.designs import write_blocks

ONE_BLOCK, ONE_DSP = Resources(brams=1), Resources(dsps=1)


def _synthesize(folder: Path, family: str, harnessed: bool = False) -> Synthesized:
    folder = folder / "a folder"
    folder.mkdir()
    files = write_blocks(folder)
    outline = read_outline(files, "blocks", folder)
    harness = pin_harness("blocks", outline.ports) if harnessed else None
    return synthesize_cells(files, "blocks", outline, family, folder, harness=harness)


@pytest.fixture(scope="module")
def ecp5(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    return _synthesize(tmp_path_factory.mktemp("ecp5"), "ecp5")


def test_every_primitive_finds_its_block_on_ecp5(ecp5: Synthesized):
    parts = mapped_resources(ecp5, "ecp5")
    assert parts["rom"] == ONE_BLOCK
    assert parts["ram"] == ONE_BLOCK  # and its second register is in the block
    assert parts["product"] == ONE_DSP  # and its three registers are in the DSP
    assert parts["small"].luts > 0 and parts["small"].brams == 0
    assert parts["table_"].luts > 0 and parts["table_"].brams == 0
    assert cell_counts(ecp5.design)["TRELLIS_DPR16X4"] == 2 * 2 + 1  # small, queue
    assert parts["queue"].ffs == 0 and parts[GLUE].ffs == 8


@pytest.mark.parametrize(
    "family,block,blocks,dsp", [("ice40", "SB_RAM40_4K", 2, "SB_MAC16"), ("gowin", None, 1, "MULT9X9")]
)
def test_every_primitive_finds_its_block_on(family: str, block: str | None, blocks: int, dsp: str, tmp_path: Path):
    mapped = _synthesize(tmp_path, family)
    parts = mapped_resources(mapped, family)
    assert parts["rom"].brams == parts["ram"].brams == blocks
    assert parts["product"].dsps == 1 and cell_counts(mapped.design)[dsp] == 1
    assert parts["table_"].brams == 0
    assert block is None or cell_counts(mapped.design)[block] >= 2 * blocks


@pytest.mark.acceptance
@pytest.mark.parametrize("family,dsp", [("xc7", "DSP48E1"), ("xcup", "DSP48E2")])
def test_every_primitive_finds_its_block_on_xilinx(family: str, dsp: str, tmp_path: Path):
    mapped = _synthesize(tmp_path, family)
    parts = mapped_resources(mapped, family)
    # Yosys leaves the output register of a memory outside.
    assert parts["rom"] == ONE_BLOCK and parts["ram"] == ONE_BLOCK + Resources(ffs=8)
    assert parts["product"] == ONE_DSP and cell_counts(mapped.design)[dsp] == 1
    assert parts["small"].brams == 0 and parts["small"].luts >= 8


def test_the_harness_does_not_change_what_the_design_takes(ecp5: Synthesized, tmp_path: Path):
    behind_pins = _synthesize(tmp_path, "ecp5", harnessed=True)
    assert cell_counts(ecp5.design) == cell_counts(behind_pins.design)
    netlist = json.loads(behind_pins.netlist)["modules"]["hwgen_pin_harness"]
    assert sorted(netlist["ports"]) == ["clk", "d", "q", "rst"]
    ours = {name: cell for name, cell in netlist["cells"].items() if name.startswith("dut.")}
    assert cell_counts({"cells": ours}) == cell_counts(ecp5.design)


def test_a_missing_memory_file_is_named(tmp_path: Path):
    files = write_blocks(tmp_path)
    (tmp_path / "mem" / "rom.mem").unlink()
    outline = read_outline(files, "blocks", tmp_path)
    with pytest.raises(ToolFailed, match=r"mem/rom\.mem"):
        synthesize_cells(files, "blocks", outline, "ecp5", tmp_path)

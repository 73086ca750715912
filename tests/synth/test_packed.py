# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

from hwgen.synth.netlist import GLUE
from hwgen.synth.packed import packed_resources
from hwgen.synth.yosys import Synthesized
from hwgen.targets import Resources


def _cell(kind: str, part: str | None = None, **pins: int) -> dict[str, Any]:
    """A cell whose pin `q` is its output."""
    return {
        "type": kind,
        "attributes": {"src": f"part:{part}"} if part else {},
        "connections": {pin: [bit] for pin, bit in pins.items()},
        "port_directions": {pin: "output" if pin == "q" else "input" for pin in pins},
    }


def _mapped(cells: dict[str, Any], *parts: str) -> Synthesized:
    return Synthesized({"cells": cells, "netnames": {}}, parts, "", "")


def test_packed_cells_are_counted_where_the_cells_they_are_named_after_belong():
    mapped = _mapped({"sum": _cell("CCU2C", "a", d=1, q=2), "r": _cell("TRELLIS_FF", GLUE, d=2, q=3)}, "a", "b")
    placed = {
        "dut.sum$CCU2_COMB0": _cell("TRELLIS_COMB", d=1, q=10),
        "dut.sum$CCU2_COMB1": _cell("TRELLIS_COMB", d=10, q=2),
        "dut.r": _cell("TRELLIS_FF", d=2, q=3),
        "level_0_TRELLIS_FF": _cell("TRELLIS_FF", d=3, q=4),
    }
    parts = packed_resources({"cells": placed}, mapped, "ecp5")
    assert parts == {GLUE: Resources(ffs=1), "a": Resources(luts=2), "b": Resources()}


def test_what_nextpnr_adds_to_a_chain_belongs_to_the_chain():
    mapped = _mapped({"sum": _cell("CCU2C", "a", d=1, q=2)}, "a")
    placed = {
        "$nextpnr_CCU2C_0$CCU2_COMB0": _cell("TRELLIS_COMB", d=5, q=1),
        "dut.sum$CCU2_COMB0": _cell("TRELLIS_COMB", d=1, q=2),
    }
    assert packed_resources({"cells": placed}, mapped, "ecp5")["a"] == Resources(luts=2)


def test_the_register_of_the_harness_in_a_logic_cell_of_the_design_is_not_counted():
    mapped = _mapped({"x_SB_LUT4": _cell("SB_LUT4", "a", d=1, q=2), "s_SB_DFF": _cell("SB_DFF", "a", d=3, q=1)}, "a")
    placed = {
        "dut.x_SB_LUT4_LC": _cell("ICESTORM_LC", d=1, q=2),
        "dut.s_SB_DFF_DFFLC": _cell("ICESTORM_LC", d=3, q=1),
        "level_1_SB_DFF_LC": _cell("ICESTORM_LC", d=2, q=9),
    }
    assert packed_resources({"cells": placed}, mapped, "ice40")["a"] == Resources(luts=2, ffs=1)


def test_a_lut_that_only_passes_a_signal_on_is_not_counted():
    mapped = _mapped({"r": _cell("DFF", "a", d=1, q=2)}, "a")
    placed = {"dut.r$8_passthrough_lut$": _cell("LUT4", d=1, q=5), "dut.r": _cell("DFF", d=5, q=2)}
    assert packed_resources({"cells": placed}, mapped, "gowin")["a"] == Resources(ffs=1)


def test_drivers_of_constants_lie_between_the_parts():
    mapped = _mapped({"r": _cell("TRELLIS_FF", "a", d=1, q=2)}, "a")
    placed = {"dut.r": _cell("TRELLIS_FF", d=1, q=2), "$PACKER_VCC": _cell("TRELLIS_COMB", q=1)}
    assert packed_resources({"cells": placed}, mapped, "ecp5") == {GLUE: Resources(luts=1), "a": Resources(ffs=1)}

# SPDX-License-Identifier: Apache-2.0
"""The cocotb test of a bundle. Sources, sinks and clock are in the bench's Verilog: waking Python in every cycle would
make the simulation twenty times slower. So this waits for the end and reads the counters."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import cocotb
from cocotb.triggers import RisingEdge


@cocotb.test()
async def bundle_equals_golden(dut) -> None:  # type: ignore[no-untyped-def]
    """Every output beat of every phase equals the golden model's, and no stream breaks the protocol."""
    if not dut.started.value:
        await RisingEdge(dut.started)
    begin = time.process_time()
    await RisingEdge(dut.done)
    seconds = time.process_time() - begin
    counters = {name: int(getattr(dut, name).value) for name in ("cycle", "mismatches", "breaches")}
    if path := os.environ.get("HWGEN_COUNTERS"):
        Path(path).write_text(json.dumps(counters | {"seconds": seconds}), encoding="utf-8")
    assert counters["mismatches"] == 0, f"{counters['mismatches']} values differ from the golden model"
    assert counters["breaches"] == 0, f"{counters['breaches']} errors of protocol"

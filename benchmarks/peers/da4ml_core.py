# SPDX-License-Identifier: Apache-2.0
"""Runs where da4ml is installed and hwgen is not: ``python da4ml_core.py BITS SIGNED CUTOFF`` in a folder with matrix.npy.

Writes the Verilog of y = W x into ``src`` and prints one JSON line: its cost in adder bits, cycles, and whether its own
interpreter computes the product exactly.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from da4ml.codegen import VerilogModel
from da4ml.trace import FixedVariableArrayInput, HWConfig, comb_trace, to_pipeline


def main() -> None:
    bits, signed, cutoff = (int(word) for word in sys.argv[1:])
    matrix = np.load("matrix.npy")
    asked = FixedVariableArrayInput(matrix.shape[1], hwconf=HWConfig(1, -1, -1))
    x = asked.quantize(signed, bits - signed, 0)
    logic = comb_trace(asked, x @ matrix.T.astype(np.float64))
    pipeline = to_pipeline(logic, cutoff, verbose=False)
    VerilogModel(logic, "peer", Path.cwd(), latency_cutoff=cutoff, print_latency=False).write()
    half = (1 << bits - 1) * signed
    samples = np.random.default_rng(0).integers(-half, (1 << bits) - half, (64, matrix.shape[1]))
    exact = np.array_equal(logic.predict(samples.astype(np.float64)), samples @ matrix.T)
    print(json.dumps({"cost": float(logic.cost), "cycles": len(pipeline.solutions), "exact": exact}))


if __name__ == "__main__":
    main()

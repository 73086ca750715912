# SPDX-License-Identifier: Apache-2.0
"""The documents of a small made-up bundle: a residual block, simulated, placed and routed."""

from __future__ import annotations

from typing import Any

from hwgen.reports.documents import Documents

STAGES = {  # operator, ONNX node, form, cycles, luts, dsps, brams
    "conv1_window": ("Window", "stem/conv", "line_buffer", 780, 310, 0, 2),
    "conv1": ("MatMul", "stem/conv", "dense", 768, 1450, 9, 1),
    "conv1_requantize": ("Requantize", "stem/conv", "multiply_shift", 768, 220, 4, 0),
    "conv2_window": ("Window", "block/conv", "line_buffer", 900, 400, 0, 4),
    "conv2": ("MatMul", "block/conv", "dense", 1024, 2200, 18, 4),
    "conv2_requantize": ("Requantize", "block/conv", "multiply_shift", 1024, 260, 4, 0),
    "add": ("Add", "block/Add_with_quite_a_long_name_in_the_file", "two_sided", 256, 180, 2, 0),
    "pool": ("Pool", "MaxPool_0", "max", 256, 90, 0, 1),
    "fc": ("MatMul", "fc", "dense", 640, 300, 1, 1),
}
LINKS = [
    ("image", "conv1_window", 4), ("conv1_window", "conv1", 4), ("conv1", "conv1_requantize", None),
    ("conv1_requantize", "conv2_window", 6), ("conv2_window", "conv2", 4), ("conv2", "conv2_requantize", None),
    ("conv2_requantize", "add", 4), ("conv1_requantize", "add", 300), ("add", "pool", 4), ("pool", "fc", 8),
    ("fc", "out_logits", 4),
]  # fmt: skip


def _cells(luts: int, dsps: int, brams: int) -> dict[str, int]:
    return {"luts": luts, "ffs": 2 * luts, "dsps": dsps, "brams": brams}


def _port(name: str, direction: str, prefix: str) -> dict[str, Any]:
    return {
        "name": name, "tensor": f"{name}:0", "direction": direction, "prefix": prefix, "lane_bits": 8, "lanes": 1,
        "bits": 8, "signed": True, "range": [-128, 127], "shape": [1, 3, 16, 16], "order": [[768, 1]], "beats": 768,
    }  # fmt: skip


def manifest() -> dict[str, Any]:
    taps = [
        {"name": n, "origin": [s[1]], "tensor": "", "bits": 19 if s[0] == "MatMul" else 8} for n, s in STAGES.items()
    ]
    return {
        "schema_version": 1, "name": "tiny", "hwgen": "0.1.0", "versions": {"amaranth": "0.5.10"}, "macs": 23680,
        "ports": [_port("image", "in", "s_axis"), _port("out_logits", "out", "m_axis")], "taps": taps,
        "host_operators": ["QuantizeLinear 'image_QuantizeLinear'"],
    }  # fmt: skip


def plan() -> dict[str, Any]:
    return {
        "schema_version": 1, "target": "ecp5-25k", "clock_mhz": 100.0,
        "timing": {"initiation_interval": 1024, "latency": 2210, "first_out": 1987, "frames": 3},
        "area": _cells(5600, 38, 13),
        "stages": {
            name: {
                "operator": operator, "folding": {"form": form, "lanes_in": [2], "lanes_out": 4, "pe": 4},
                "cycles": {"best": cycles, "worst": cycles}, "area": _cells(luts, dsps, brams),
                "why": "smallest within 1024 cycles; next: pe 8 (+310 LUTs)",
            }
            for name, (operator, _, form, cycles, luts, dsps, brams) in STAGES.items()
        },
        "links": [
            {
                "source": a, "sink": b, "operand": 0, "lanes_source": 4, "lanes_sink": 2, "serialize": 1,
                "queue": None if depth is None else {"depth": depth, "style": "distributed"}, "area": _cells(40, 0, 0),
            }
            for a, b, depth in LINKS
        ],
    }  # fmt: skip


def simulation() -> dict[str, Any]:
    measured = {"initiation_interval": 1024, "latency": 2210, "first_out": 1987}
    return {
        "schema_version": 1, "samples": 8, "mismatches": 0, "cycles": 11000, "cycles_per_second": 412000.0,
        "backpressure": "random", "seed": 7, **{k: {"predicted": v, "measured": v} for k, v in measured.items()},
    }  # fmt: skip


def synthesis() -> dict[str, Any]:
    hops = [
        ("clk-to-q", 0.52, "conv2.weights_memory.word_q_3", "conv2.weights_word_3"),
        ("routing", 1.31, "conv2.product_3_LUT4", "conv2.weights_word_3"),
        ("logic", 4.24, "conv2.product_3_LUT4", "conv2.product_3"),
        ("routing", 1.12, "shifted_FF", "conv2_requantize.shifted"),
        ("setup", 0.30, "conv2_requantize.shifted_FF", "conv2_requantize.shifted"),
    ]
    return {
        "schema_version": 1, "target": "ecp5-25k", **_cells(5310, 38, 14), "fmax_mhz": 112.4,
        "versions": {"yosys": "0.70", "nextpnr-ecp5": "0.11.1"}, "seeds": [1, 2, 3],
        "stages": {n: _cells(int(s[4] * 0.93), s[5], s[6]) for n, s in STAGES.items()},
        "critical_path": [dict(zip(("kind", "delay_ns", "cell", "net"), hop, strict=True)) for hop in hops],
    }  # fmt: skip


def exactness() -> dict[str, Any]:
    nodes = [
        {
            "name": s[1], "op": "Conv", "stage": name, "dialect": "real" if k else None, "accumulator_bits": 18 + k,
            "form": "multiply_shift" if k else None, "proof": "proven: 900 points", "compared": 4096, "different": k % 2,
            "ties": k, "unexplained": 0, "max_lsb": k % 2, "reference": {"different": 3} if k else None,
        }
        for k, (name, s) in enumerate(STAGES.items())
    ]  # fmt: skip
    return {"schema_version": 1, "oracle": "onnxruntime 1.31.1, optimizations off", "nodes": nodes}


def documents() -> Documents:
    return Documents(manifest(), plan(), simulation(), synthesis(), exactness())

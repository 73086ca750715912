# SPDX-License-Identifier: Apache-2.0
"""manifest.json: which bit means what, which node is where, what was predicted, and with which versions."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import hwgen
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.numerics.range import IntRange
from hwgen.plan.plan import Plan, Port
from hwgen.rtl.top import axis_prefix

SCHEMA_VERSION = 1


def make_manifest(name: str, plan: Plan, extra: dict[str, object]) -> dict[str, object]:
    """All facts about a bundle that other programs may rely on; JSON values only."""
    return {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "top": name,
        "hwgen": hwgen.__version__,
        "versions": {p: _version(p) for p in ("amaranth", "numpy", "onnx", "pyosys")},
        "target": plan.target.name,
        "clock_mhz": float(plan.target.clock_mhz),
        "macs": plan.graph.macs,
        "ports": [_port(plan, port) for port in plan.ports],
        "taps": [_tap(stage.node, stage.order, stage.folding.lanes_out) for stage in plan.stages],
        "timing": {
            "initiation_interval": plan.timing.initiation_interval,
            "latency": plan.timing.latency,
            "first_out": plan.timing.first_out,
            "frames": plan.timing.frames,
        },
        **extra,
    }


def _stream(node: Node, order: Order, lanes: int, values: IntRange) -> dict[str, object]:
    return {
        "lanes": lanes,
        "bits": values.width,
        "signed": values.signed,
        "range": [values.lo, values.hi],
        "shape": list(node.type.shape),
        "order": [list(loop) for loop in order.loops],
        "beats": node.type.size // lanes,
    }


def _port(plan: Plan, port: Port) -> dict[str, object]:
    return {
        "name": port.name,
        "graph_name": port.graph_name,
        "tensor": port.node.tensor,
        "direction": port.direction,
        "prefix": axis_prefix(plan, port),
        "lane_bits": port.lane_bits,
        **_stream(port.node, port.order, port.lanes, port.range),
    }


def _tap(node: Node, order: Order, lanes: int) -> dict[str, object]:
    return {
        "name": node.name,
        "origin": list(node.origin),
        "tensor": node.tensor,
        "valid": f"{node.name}.o__valid",
        "payload": f"{node.name}.o__payload",
        **_stream(node, order, lanes, node.type.range),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"

# SPDX-License-Identifier: Apache-2.0
"""Random valid QDQ and QOperator graphs from a short plan, and how to make a failing plan small."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

KINDS = ("vector", "signal", "image")


@dataclass(frozen=True)
class Plan:
    """steps: one seed an operator. scales: "random", "decimal" or "power" (of two). dialect: "qdq" or "qoperator"."""

    kind: str
    scales: str
    seed: int
    steps: tuple[int, ...]
    dialect: str = "qdq"

    @classmethod
    def random(cls, seed: int, scales: str | None = None, dialect: str = "qdq") -> Plan:
        rng = np.random.default_rng(seed)
        chosen = scales or str(rng.choice(["random", "decimal", "power"]))
        steps = tuple(int(s) for s in rng.integers(0, 1 << 30, rng.integers(1, 7)))
        return cls(str(rng.choice(KINDS)), chosen, seed, steps, dialect)


def shrink(plan: Plan, fails: Callable[[Plan], bool]) -> Plan:
    """The plan with every step left out that the failure does not need."""
    shorter = True
    while shorter:
        shorter = False
        for k in range(len(plan.steps)):
            smaller = replace(plan, steps=plan.steps[:k] + plan.steps[k + 1 :])
            if smaller.steps and fails(smaller):
                plan, shorter = smaller, True
                break
    return plan


@dataclass
class Tensor:
    """A dequantized tensor: real = scale * (code - zero)."""

    name: str
    shape: tuple[int, ...]
    scale: float
    zero: int
    signed: bool


@dataclass
class Sketch:
    """A model under construction."""

    plan: Plan
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initializers: list[onnx.TensorProto] = field(default_factory=list)
    tensors: list[Tensor] = field(default_factory=list)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    count: int = 0

    def name(self, stem: str) -> str:
        self.count += 1
        return f"{stem}_{self.count}"

    def constant(self, value: np.ndarray, stem: str = "c") -> str:
        name = self.name(stem)
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, op: str, inputs: list[str], outputs: int = 1, **attributes: object) -> list[str]:
        names = [self.name(op.lower()) for _ in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name=self.name(f"n_{op.lower()}"), **attributes))
        return names

    def pick(self, *choices: object) -> object:
        return choices[int(self.rng.integers(len(choices)))]

    def scale_near(self, value: float) -> float:
        """A positive float32 of the plan's style, within a factor of 2 of `value`."""
        value = float(value * self.rng.uniform(0.6, 1.7))
        if self.plan.scales == "power":
            return float(2.0 ** round(np.log2(value)))
        if self.plan.scales == "decimal":
            return float(np.float32(f"{value:.1e}"))
        return float(np.float32(value))

    def grid(self, signed: bool) -> tuple[int, np.ndarray]:
        zero = int(self.rng.integers(-20, 21) if signed else self.rng.integers(100, 150))
        zero = int(self.pick(zero, zero, 0, -128 if signed else 0))
        return zero, np.array(zero, np.int8 if signed else np.uint8)

    def scale_constant(self, scale: float | np.ndarray) -> str:
        value = np.asarray(scale, np.float32)
        return self.constant(value.reshape(1) if value.ndim == 0 and self.pick(0, 1) else value, "scale")

    def quantize(self, real: str, shape: tuple[int, ...], spread: float) -> Tensor:
        """Q and DQ behind a real tensor whose values are about `spread` large; sometimes a Relu or Clip in front."""
        match self.rng.integers(8):
            case 0:
                (real,) = self.add("Relu", [real])
            case 1:
                bounds = [self.constant(np.float32(b)) for b in (0.0 if self.pick(0, 1) else -spread, spread * 0.7)]
                (real,) = self.add("Clip", [real, *bounds])
        signed = bool(self.pick(True, False))
        zero, zero_array = self.grid(signed)
        scale = self.scale_near(max(spread, 1e-6) / 100)
        parameters = [self.scale_constant(scale), self.constant(zero_array, "zero")]
        (codes,) = self.add("QuantizeLinear", [real, *parameters])
        (back,) = self.add("DequantizeLinear", [codes, *parameters])
        tensor = Tensor(back, shape, scale, zero, signed)
        self.tensors.append(tensor)
        return tensor

    def weights(self, shape: tuple[int, ...], axis: int) -> tuple[str, np.ndarray]:
        """Integer weights behind a DequantizeLinear; their scales per channel of `axis`."""
        signed = bool(self.pick(True, True, False))
        kind = np.int8 if signed else np.uint8
        limits = (-127, 128) if signed else (0, 256)
        codes = self.rng.integers(*limits, shape).astype(kind)
        channels = shape[axis] if self.pick(0, 1) else 1
        scales = np.array([self.scale_near(0.01) for _ in range(channels)], np.float32)
        zeros = self.rng.integers(-9, 10, channels) if signed and self.pick(0, 0, 1) else np.zeros(channels, int)
        zeros = (zeros if signed else zeros + 128).astype(kind)
        names = [self.constant(codes, "w"), self.constant(scales if channels > 1 else scales[0], "scale")]
        names.append(self.constant(zeros if channels > 1 else zeros[0], "zero"))
        extra = {"axis": axis} if channels > 1 else {}
        return self.add("DequantizeLinear", names, **extra)[0], scales

    def bias(self, channels: int, scales: np.ndarray, spread: float) -> str | None:
        """Integers in their own scale, float numbers, or none."""
        match self.rng.integers(3):
            case 0:
                return None
            case 1:
                return self.constant(self.rng.normal(0, spread / 3, channels).astype(np.float32), "bias")
        scales = np.broadcast_to(scales, channels).astype(np.float32)
        codes = np.round(self.rng.normal(0, spread / 3, channels) / scales).astype(np.int32)
        names = [
            self.constant(codes, "bias"),
            self.constant(scales, "scale"),
            self.constant(np.zeros(channels, np.int32), "zero"),
        ]
        return self.add("DequantizeLinear", names, axis=0)[0]


def build(plan: Plan) -> onnx.ModelProto:
    """The model of a plan: always valid, whatever the seeds are."""
    from tests.fuzz_operators import OPERATORS

    sketch = Sketch(plan, rng=np.random.default_rng(plan.seed))
    shape = {
        "vector": (1, int(sketch.rng.integers(3, 20))),
        "signal": (1, int(sketch.rng.integers(1, 7)), int(sketch.rng.integers(5, 20))),
        "image": (1, int(sketch.rng.integers(1, 6)), *(int(n) for n in sketch.rng.integers(4, 11, 2))),
    }[plan.kind]
    if plan.dialect == "qoperator":
        return _qoperators(sketch, shape)
    sketch.quantize("x", shape, 1.0)
    for seed in plan.steps:
        sketch.rng = np.random.default_rng(seed)
        source = sketch.tensors[int(sketch.rng.integers(max(0, len(sketch.tensors) - 3), len(sketch.tensors)))]
        fitting = [op for op in OPERATORS if op.fits(source)]
        fitting[int(sketch.rng.integers(len(fitting)))].apply(sketch, source)
    last = sketch.tensors[-1]
    graph = helper.make_graph(
        sketch.nodes,
        "fuzz",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(last.name, TensorProto.FLOAT, last.shape)],
        sketch.initializers,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _qoperators(sketch: Sketch, shape: tuple[int, ...]) -> onnx.ModelProto:
    from tests.fuzz_qoperators import finished, grow, start

    start(sketch, shape)
    for seed in sketch.plan.steps:
        grow(sketch, seed)
    return finished(sketch)

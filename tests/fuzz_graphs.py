# SPDX-License-Identifier: Apache-2.0
"""Random valid QDQ, QOperator and QONNX graphs from a short plan, and how to make a failing plan small."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import ModuleType

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

KINDS = ("vector", "signal", "image")
QONNX = "qonnx.custom_op.general"


@dataclass(frozen=True)
class Plan:
    """steps: one seed an operator. scales: "random", "decimal" or "power" (of two). dialect: "qdq", "qoperator", "qonnx",
    "integer", "finn", "nemo", or "mixed": QDQ with activations of 8 and 16 bits or clipped codes, and weights of 2, 4 and
    8 bits."""

    kind: str
    scales: str
    seed: int
    steps: tuple[int, ...]
    dialect: str = "qdq"

    @property
    def mixed(self) -> bool:
        return self.dialect == "mixed"

    @property
    def opset(self) -> int:
        choices = {"qdq": (13, 17, 19, 23), "mixed": (21, 25)}.get(self.dialect, (17,))
        return choices[self.seed % len(choices)]

    @property
    def ir_version(self) -> int:
        return 13 if self.opset == 25 else 10

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
    bits: int = 8


@dataclass
class Sketch:
    """A model under construction."""

    plan: Plan
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initializers: list[onnx.TensorProto] = field(default_factory=list)
    tensors: list[Tensor] = field(default_factory=list)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    count: int = 0
    mode: str = "ROUND"
    bipolar: bool = True
    weight_shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def in_qonnx(self) -> ModuleType:
        from tests import fuzz_qonnx

        return fuzz_qonnx

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

    def grid(self, signed: bool, bits: int = 8) -> tuple[int, np.ndarray]:
        zero = int(self.rng.integers(-20, 21) if signed else self.rng.integers(100, 150)) << bits - 8
        zero = int(self.pick(zero, zero, 0, -(1 << bits - 1) if signed else 0))
        return zero, np.array(zero, f"{'' if signed else 'u'}int{bits}")

    def scale_constant(self, scale: float | np.ndarray) -> str:
        value = np.asarray(scale, np.float32)
        return self.constant(value.reshape(1) if value.ndim == 0 and self.pick(0, 1) else value, "scale")

    def quantize(self, real: str, shape: tuple[int, ...], spread: float, alone: bool = False) -> Tensor:
        """Q and DQ behind a real tensor whose values are about `spread` large; sometimes a Relu or Clip in front, unless
        they are to stand alone."""
        match 2 if alone else self.rng.integers(8):
            case 0:
                (real,) = self.add("Relu", [real])
            case 1:
                bounds = [self.constant(np.float32(b)) for b in (0.0 if self.pick(0, 1) else -spread, spread * 0.7)]
                (real,) = self.add("Clip", [real, *bounds])
        if self.plan.dialect == "qonnx":
            return self.in_qonnx.quantize(self, real, shape, spread, plain=alone)
        signed = bool(self.pick(True, False))
        bits = int(self.pick(8, 8, 16)) if self.plan.mixed else 8
        zero, zero_array = self.grid(signed, bits)
        scale = self.scale_near(max(spread, 1e-6) / (100 << bits - 8))
        parameters = [self.scale_constant(scale), self.constant(zero_array, "zero")]
        (codes,) = self.add("QuantizeLinear", [real, *parameters])
        if self.plan.mixed and bits == 8 and self.pick(False, True):  # onnxruntime has no Clip of 16 bits
            codes = self.narrow(codes, zero_array)
        (back,) = self.add("DequantizeLinear", [codes, *parameters])
        tensor = Tensor(back, shape, scale * (1 << bits - 8), zero, signed, bits)
        self.tensors.append(tensor)
        return tensor

    def narrow(self, codes: str, zero: np.ndarray) -> str:
        """A Clip of codes around their zero point, as the QCDQ form has it."""
        reach = 1 << int(self.rng.integers(3, 7))
        limits = np.iinfo(zero.dtype)
        bounds = [np.array(np.clip(int(zero) + r, limits.min, limits.max), zero.dtype) for r in (-reach, reach - 1)]
        return self.add("Clip", [codes, *(self.constant(b, "bound") for b in bounds)])[0]

    def weights(self, shape: tuple[int, ...], axis: int) -> tuple[str, np.ndarray]:
        """Quantized weights; their scales per channel of `axis`."""
        if self.plan.dialect == "qonnx":
            return self.in_qonnx.weights(self, shape, axis)
        signed = bool(self.pick(True, True, False))
        bits = int(self.pick(*((2, 4, 8) if self.plan.opset == 25 else (4, 8)))) if self.plan.mixed else 8
        half = 1 << bits - 1
        name = f"{'' if signed else 'u'}int{bits}"
        kind = np.dtype(name if bits == 8 else getattr(ml_dtypes, name))
        limits = (1 - half, half) if signed else (0, 2 * half)
        codes = self.rng.integers(*limits, shape).astype(kind)
        channels = shape[axis] if self.pick(0, 1) else 1
        scales = np.array([self.scale_near(0.01 * 128 / half) for _ in range(channels)], np.float32)
        reach = min(7, half - 1)
        zeros = (
            self.rng.integers(-reach, reach + 1, channels) if signed and self.pick(0, 0, 1) else np.zeros(channels, int)
        )
        zeros = (zeros if signed else zeros + half).astype(kind)
        if self.plan.mixed and len(shape) == 2 and self.pick(0, 0, 1):
            return self.blocks(codes, zeros[0], 1 - axis)
        names = [self.constant(codes, "w"), self.constant(scales if channels > 1 else scales[0], "scale")]
        names.append(self.constant(zeros if channels > 1 else zeros[0], "zero"))
        extra = {"axis": axis} if channels > 1 else {}
        if self.plan.dialect == "qdq" and self.pick(0, 0, 1):  # the weights as numbers, and rounded in the graph
            along = [-1 if k == axis and channels > 1 else 1 for k in range(len(shape))]
            jitter = self.rng.uniform(-0.4, 0.4, shape)
            numbers = ((codes.astype(float) - zeros.reshape(along) + jitter) * scales.reshape(along)).astype(np.float32)
            names[0] = self.add("QuantizeLinear", [self.constant(numbers, "w"), *names[1:]], **extra)[0]
        return self.add("DequantizeLinear", names, **extra)[0], scales

    def blocks(self, codes: np.ndarray, zero: np.generic, axis: int) -> tuple[str, np.ndarray]:
        """A matrix with a scale for each block along `axis`."""
        extent = codes.shape[axis]
        size = int(self.pick(*(n for n in range(1, extent + 1) if extent % n == 0)))
        shape = tuple(n // size if k == axis else n for k, n in enumerate(codes.shape))
        scales = np.array([self.scale_near(0.01) for _ in range(int(np.prod(shape)))], np.float32).reshape(shape)
        names = [self.constant(v, "w") for v in (codes, scales, np.full(shape, zero, codes.dtype))]
        (back,) = self.add("DequantizeLinear", names, axis=axis, block_size=size)
        return back, np.full(codes.shape[1 - axis], scales.mean(), np.float32)

    def bias(self, channels: int, scales: np.ndarray, spread: float) -> str | None:
        """Integers in their own scale, float numbers, or none."""
        match self.rng.integers(3 if self.plan.dialect == "qdq" else 2):
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
    if plan.dialect in ("integer", "finn", "nemo"):
        from tests.fuzz_integers import whole_model

        return whole_model(sketch, shape)
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
    imports = [helper.make_opsetid("", plan.opset), helper.make_opsetid(QONNX, 2)]
    return helper.make_model(graph, opset_imports=imports, ir_version=plan.ir_version)


def _qoperators(sketch: Sketch, shape: tuple[int, ...]) -> onnx.ModelProto:
    from tests.fuzz_qoperators import finished, grow, start

    start(sketch, shape)
    for seed in sketch.plan.steps:
        grow(sketch, seed)
    return finished(sketch)

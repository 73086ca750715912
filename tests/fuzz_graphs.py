# SPDX-License-Identifier: Apache-2.0
"""Random valid QDQ, QOperator and QONNX graphs from a short plan, and how to make a failing plan small."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import onnx
from ml_dtypes import int4 as INT4
from ml_dtypes import uint4 as UINT4
from onnx import TensorProto, helper, numpy_helper

KINDS = ("vector", "signal", "image")
QONNX = "qonnx.custom_op.general"


@dataclass(frozen=True)
class Plan:
    """steps: one seed an operator. scales: "random", "decimal" or "power" (of two). dialect: "qdq", "qoperator", "qonnx",
    "integer", "finn", "nemo", or "mixed": QDQ of opset 21, with activations of 8 and 16 bits or clipped codes, and weights
    of 4 and 8 bits."""

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
        return 21 if self.mixed else 17

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
    mode: str = "ROUND"
    bipolar: bool = True
    weight_shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)

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
            return qonnx_quantize(self, real, shape, spread)
        signed = bool(self.pick(True, False))
        bits = int(self.pick(8, 8, 16)) if self.plan.mixed else 8
        zero, zero_array = self.grid(signed, bits)
        scale = self.scale_near(max(spread, 1e-6) / (100 << bits - 8))
        parameters = [self.scale_constant(scale), self.constant(zero_array, "zero")]
        (codes,) = self.add("QuantizeLinear", [real, *parameters])
        if self.plan.mixed and bits == 8 and self.pick(False, True):  # onnxruntime has no Clip of 16 bits
            codes = self.narrow(codes, zero_array)
        (back,) = self.add("DequantizeLinear", [codes, *parameters])
        tensor = Tensor(back, shape, scale * (1 << bits - 8), zero, signed)
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
            return qonnx_weights(self, shape, axis)
        signed = bool(self.pick(True, True, False))
        bits = int(self.pick(4, 8)) if self.plan.mixed else 8
        half = 1 << bits - 1
        kind = np.dtype(f"{'' if signed else 'u'}int8") if bits == 8 else INT4 if signed else UINT4
        limits = (1 - half, half) if signed else (0, 2 * half)
        codes = self.rng.integers(*limits, shape).astype(kind)
        channels = shape[axis] if self.pick(0, 1) else 1
        scales = np.array([self.scale_near(0.01 * 128 / half) for _ in range(channels)], np.float32)
        zeros = self.rng.integers(-7, 8, channels) if signed and self.pick(0, 0, 1) else np.zeros(channels, int)
        zeros = (zeros if signed else zeros + half).astype(kind)
        if self.plan.mixed and len(shape) == 2 and self.pick(0, 0, 1):
            return self.blocks(codes, zeros[0], 1 - axis)
        names = [self.constant(codes, "w"), self.constant(scales if channels > 1 else scales[0], "scale")]
        names.append(self.constant(zeros if channels > 1 else zeros[0], "zero"))
        extra = {"axis": axis} if channels > 1 else {}
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


ROUNDING_MODES = ("ROUND", "HALF_EVEN", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN")


def _quant(sketch: Sketch, x: str, scale: np.ndarray, zero: int, bits: int, signed: bool) -> str:
    parameters = [np.asarray(v, np.float32) for v in (scale, zero, bits)]
    attributes = {"signed": int(signed), "narrow": int(sketch.pick(0, 1)), "rounding_mode": sketch.mode}
    return sketch.add("Quant", [x, *(sketch.constant(p) for p in parameters)], domain=QONNX, **attributes)[0]


def qonnx_quantize(sketch: Sketch, real: str, shape: tuple[int, ...], spread: float) -> Tensor:
    """A Quant or BipolarQuant behind a real tensor: any width, zero point and rounding mode."""
    sketch.mode = str(sketch.pick("ROUND", "ROUND", *ROUNDING_MODES))
    bits, signed = int(sketch.rng.integers(1, 9)), bool(sketch.pick(True, False))
    step = sketch.scale_near(max(spread, 1e-6) / (1 << bits - 1))
    if sketch.pick(*[0] * 9, 1) and sketch.bipolar:
        (y,) = sketch.add("BipolarQuant", [real, sketch.constant(np.float32(spread))], domain=QONNX)
    else:
        zero = 0 if bits == 1 else int(sketch.pick(0, 0, *sketch.rng.integers(-(1 << bits - 2), 1 << bits - 2, 2)))
        y = _quant(sketch, real, step, zero, bits, signed)
    tensor = Tensor(y, shape, max(step * (1 << bits - 1), spread) / 100, 0, signed)
    sketch.tensors.append(tensor)
    return tensor


def qonnx_weights(sketch: Sketch, shape: tuple[int, ...], axis: int) -> tuple[str, np.ndarray]:
    """Float weights behind a Quant with one scale a channel of `axis`; seldom of one bit."""
    sketch.mode = "ROUND"
    values = sketch.rng.normal(0, 0.5, shape).astype(np.float32)
    channels = shape[axis] if sketch.pick(0, 1) else 1
    bits = int(sketch.rng.integers(1, 9))
    scales = np.array([sketch.scale_near(1.0 / (1 << bits)) for _ in range(channels)], np.float32)
    along = scales.reshape([-1 if k == axis and channels > 1 else 1 for k in range(len(shape))])
    name = _quant(sketch, sketch.constant(values, "w"), along, 0, bits, True)
    sketch.weight_shapes[name] = shape
    return name, np.full(channels, 0.01, np.float32)


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
    return helper.make_model(graph, opset_imports=imports, ir_version=10)


def _qoperators(sketch: Sketch, shape: tuple[int, ...]) -> onnx.ModelProto:
    from tests.fuzz_qoperators import finished, grow, start

    start(sketch, shape)
    for seed in sketch.plan.steps:
        grow(sketch, seed)
    return finished(sketch)

# SPDX-License-Identifier: Apache-2.0
"""The quantizers of random QONNX graphs."""

from __future__ import annotations

import numpy as np

from tests.fuzz_graphs import QONNX, Sketch, Tensor

ROUNDING_MODES = ("ROUND", "HALF_EVEN", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN")


def _quant(sketch: Sketch, x: str, scale: np.ndarray, zero: int, bits: int, signed: bool) -> str:
    parameters = [np.asarray(v, np.float32) for v in (scale, zero, bits)]
    attributes = {"signed": int(signed), "narrow": int(sketch.pick(0, 1)), "rounding_mode": sketch.mode}
    return sketch.add("Quant", [x, *(sketch.constant(p) for p in parameters)], domain=QONNX, **attributes)[0]


def quantize(sketch: Sketch, real: str, shape: tuple[int, ...], spread: float, plain: bool = False) -> Tensor:
    """A Quant or BipolarQuant behind a real tensor: any width, zero point and rounding mode, unless it is to be plain;
    sometimes a Trunc behind it."""
    sketch.mode = "ROUND" if plain else str(sketch.pick("ROUND", "ROUND", *ROUNDING_MODES))
    bits, signed = int(sketch.rng.integers(2 if plain else 1, 9)), bool(sketch.pick(True, False))
    step = sketch.scale_near(max(spread, 1e-6) / (1 << bits - 1))
    if not plain and sketch.pick(*[0] * 9, 1) and sketch.bipolar:
        (y,) = sketch.add("BipolarQuant", [real, sketch.constant(np.float32(spread))], domain=QONNX)
    else:
        zero = (
            0
            if bits == 1 or plain
            else int(sketch.pick(0, 0, *sketch.rng.integers(-(1 << bits - 2), 1 << bits - 2, 2)))
        )
        y = _quant(sketch, real, step, zero, bits, signed)
        if bits > 3 and not sketch.pick(*range(5)):
            y, step, bits = _trunc(sketch, y, step, bits, signed)
    tensor = Tensor(y, shape, max(step * (1 << bits - 1), spread) / 100, 0, signed)
    sketch.tensors.append(tensor)
    return tensor


def _trunc(sketch: Sketch, x: str, scale: float, bits: int, signed: bool) -> tuple[str, float, int]:
    """(result, its scale, its bits) of a Trunc of version 2 that drops low bits."""
    dropped = int(sketch.rng.integers(1, bits - 1))
    parameters = [np.asarray(v, np.float32) for v in (scale, 0, bits, scale * 2**dropped, bits - dropped)]
    mode = str(sketch.pick("FLOOR", "ROUND", "HALF_UP", "CEIL"))
    attributes = {"rounding_mode": mode, "signed": int(signed), "narrow": int(sketch.pick(0, 1))}
    (y,) = sketch.add("Trunc", [x, *(sketch.constant(p) for p in parameters)], domain=QONNX, **attributes)
    return y, scale * 2**dropped, bits - dropped


def weights(sketch: Sketch, shape: tuple[int, ...], axis: int) -> tuple[str, np.ndarray]:
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

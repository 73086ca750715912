# SPDX-License-Identifier: Apache-2.0
"""Elementwise functions of one tensor, as trees over ``x`` and constants that broadcast against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

Exact = np.ndarray  # object array of Fractions with the rank of the tensor; extent 1 where it does not vary


@dataclass(frozen=True, eq=False)
class Expression:
    """op "x": the tensor itself; "constant": `value`; else an ONNX operator over `args` with its attributes."""

    op: str
    args: tuple[Expression, ...] = ()
    value: Exact | None = None
    attributes: tuple[tuple[str, object], ...] = ()

    @classmethod
    def constant(cls, value: Exact) -> Expression:
        return cls("constant", (), array(value))

    @property
    def is_x(self) -> bool:
        return self.op == "x"

    def of(self, inner: Expression) -> Expression:
        """This function after `inner`."""
        if self.op == "x":
            return inner
        if self.op == "constant" or inner.is_x:
            return self
        return Expression(self.op, tuple(a.of(inner) for a in self.args), None, self.attributes)

    def map_constants(self, change: Callable[[Exact], Exact]) -> Expression:
        """The same function with every constant array replaced (moved, reshaped, sliced)."""
        if self.op == "constant":
            return Expression.constant(change(self.value))
        return Expression(self.op, tuple(a.map_constants(change) for a in self.args), None, self.attributes)

    @property
    def constants(self) -> list[Exact]:
        if self.op == "constant":
            return [self.value]
        return [c for a in self.args for c in a.constants]

    @property
    def is_uniform(self) -> bool:
        """Whether it is one and the same function for every element."""
        return all(c.size == 1 for c in self.constants)

    def __str__(self) -> str:
        if self.op == "x":
            return "x"
        if self.op == "constant":
            return f"{float(self.value.flat[0]):.6g}" if self.value.size == 1 else "c"
        extra = [
            f"{name}={value:.6g}" if isinstance(value, float) else f"{name}={value}" for name, value in self.attributes
        ]
        return f"{self.op}({', '.join([*map(str, self.args), *extra])})"


X = Expression("x")


@dataclass(frozen=True, eq=False)
class AffineClip:
    """``clip(gain * x + shift, lo, hi)``; lo and hi are None where nothing clips."""

    gain: Exact
    shift: Exact
    lo: Exact | None = None
    hi: Exact | None = None

    def __post_init__(self) -> None:
        for name in ("gain", "shift", "lo", "hi"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else array(value))

    @property
    def clips(self) -> bool:
        return self.lo is not None or self.hi is not None

    @property
    def is_constant(self) -> bool:
        return not self.clips and not self.gain.any()

    def affine(self, gain: Exact, shift: Exact) -> AffineClip | None:
        """``gain * self + shift``; a gain below 0 swaps the bounds."""
        new = gain * self.gain, gain * self.shift + shift
        if not self.clips:
            return AffineClip(*new)
        if np.all(gain > 0):
            return AffineClip(*new, *(None if b is None else gain * b + shift for b in (self.lo, self.hi)))
        if np.all(gain < 0):
            return AffineClip(*new, *(None if b is None else gain * b + shift for b in (self.hi, self.lo)))
        return None

    def clipped(self, lo: Exact | None, hi: Exact | None) -> AffineClip:
        """``min(max(self, lo), hi)``, in this order as in ONNX Clip."""
        old_lo, old_hi = self.lo, self.hi
        if lo is not None:
            old_lo = lo if old_lo is None else np.maximum(old_lo, lo)
            old_hi = None if old_hi is None else np.maximum(old_hi, lo)
        if hi is not None:
            old_hi = hi if old_hi is None else np.minimum(old_hi, hi)
            old_lo = None if old_lo is None else np.minimum(old_lo, hi)
        return AffineClip(self.gain, self.shift, old_lo, old_hi)


def as_affine_clip(tree: Expression) -> AffineClip | None:
    """The tree as a clipped affine function with exact coefficients, or None if it is something else."""
    one, zero = scalar(1), scalar(0)
    if tree.op == "x":
        return AffineClip(one, zero)
    if tree.op == "constant":
        return AffineClip(zero, tree.value)
    args = [as_affine_clip(a) for a in tree.args]
    if any(a is None for a in args):
        return None
    match tree.op:
        case "Identity":
            return args[0]
        case "Neg":
            return args[0].affine(-one, zero)
        case "Relu":
            return args[0].clipped(zero, None)
        case "Min" | "Max":
            return _bound(tree.op, args)
        case "Add" | "Sub":
            return _sum(args[0], args[1] if tree.op == "Add" else args[1].affine(-one, zero))
        case "Mul" | "Div":
            return _scaled(tree.op, *args)
    return None


def _sum(a: AffineClip, b: AffineClip | None) -> AffineClip | None:
    if b is None:
        return None
    if a.is_constant:
        a, b = b, a
    if b.is_constant:
        return a.affine(scalar(1), b.shift)
    return None if a.clips or b.clips else AffineClip(a.gain + b.gain, a.shift + b.shift)


def _scaled(op: str, a: AffineClip, b: AffineClip) -> AffineClip | None:
    if op == "Mul" and a.is_constant:
        a, b = b, a
    if not b.is_constant or (op == "Div" and not b.shift.all()):
        return None
    return a.affine(b.shift if op == "Mul" else _inverse(b.shift), scalar(0))


def _inverse(value: Exact) -> Exact:
    return np.array([1 / v for v in value.ravel()], object).reshape(value.shape)


def _bound(op: str, args: list[AffineClip]) -> AffineClip | None:
    streams = [a for a in args if not a.is_constant]
    if len(streams) != 1:
        return None
    result = streams[0]
    for bound in (a.shift for a in args if a.is_constant):
        result = result.clipped(bound, None) if op == "Max" else result.clipped(None, bound)
    return result


def scalar(value: int | Fraction) -> Exact:
    """A 0-dimensional exact constant."""
    return array(Fraction(value))


def array(value: object) -> Exact:
    """An object array again, where NumPy made a bare Fraction out of a 0-dimensional one."""
    return np.asarray(value, object)


def shrink(value: Exact) -> Exact:
    """Extent 1 along each axis on which the values do not vary."""
    for axis in range(value.ndim):
        first = value.take([0], axis)
        if value.shape[axis] > 1 and bool((value == first).all()):
            value = first
    return value


def fits(constant: Exact, shape: tuple[int, ...]) -> bool:
    """Whether a constant broadcasts to the shape without growing it."""
    return constant.ndim <= len(shape) and np.broadcast_shapes(constant.shape, shape) == shape

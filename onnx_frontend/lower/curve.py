# SPDX-License-Identifier: Apache-2.0
"""Expressions as correctly rounded functions, and whether they rise or fall."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeVar

import numpy as np

from hwgen.numerics.enclosures import Enclosures
from hwgen.numerics.functions import FUNCTIONS, rounded_codes
from hwgen.numerics.range import IntRange
from hwgen.numerics.real import Real
from onnx_frontend.lower.expression import Expression
from onnx_frontend.quant_graph import Quant

Number = TypeVar("Number", Real, Enclosures)

NAMES = {
    "LeakyRelu": "leaky_relu", "Elu": "elu", "Selu": "selu", "Celu": "celu", "ThresholdedRelu": "thresholded_relu",
    "Sigmoid": "sigmoid", "Tanh": "tanh", "Erf": "erf", "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Sin": "sin",
    "Cos": "cos", "Reciprocal": "reciprocal", "Softplus": "softplus", "Softsign": "softsign", "Sign": "sign",
    "Floor": "floor", "Ceil": "ceil", "Round": "round", "Mish": "mish", "Gelu": "gelu", "GeluTanh": "gelu_tanh",
    "Abs": "abs", "Relu": "relu", "Neg": "neg", "Identity": "identity",
}  # fmt: skip
RISING = frozenset(
    ("Relu", "Identity", "Sigmoid", "Tanh", "Erf", "Exp", "Softplus", "Softsign", "Sign", "Floor", "Ceil", "Round", "Max", "Min",
     "Elu", "Selu", "Celu", "LeakyRelu", "PRelu", "MultiThreshold")
)  # fmt: skip


def is_known(tree: Expression) -> bool:
    """Whether every operator in it can be computed."""
    plain = tree.op in NAMES or tree.op in (
        "x",
        "constant",
        "Add",
        "Sub",
        "Mul",
        "Div",
        "Min",
        "Max",
        "PRelu",
        "MultiThreshold",
    )
    power = tree.op == "Pow" and tree.args[1].op == "constant"
    return (plain or power) and all(is_known(a) for a in tree.args)


def compute(tree: Expression, x: Number) -> Number:
    """The value at x of an expression with one constant for all elements: exact for a Real, between float64 numbers for Enclosures."""
    if tree.op == "x":
        return x
    if tree.op == "constant":
        value = Fraction(tree.value.item())
        return Real(value, x.precision) if isinstance(x, Real) else Enclosures.constant(value)
    args = [compute(a, x) for a in tree.args]
    match tree.op:
        case "Add":
            return args[0] + args[1]
        case "Sub":
            return args[0] - args[1]
        case "Mul":
            return args[0] * args[1]
        case "Div":
            return args[0] / args[1]
        case "Min" | "Max":
            result = args[0]
            for other in args[1:]:
                result = result.minimum(other) if tree.op == "Min" else result.maximum(other)
            return result
        case "Pow":
            return args[0] ** args[1]
        case "MultiThreshold":
            thresholds = [a.value.item() for a in tree.args[1:]]
            return args[0].stepwise(lambda value: sum(value >= t for t in thresholds))
        case "PRelu":
            return args[0].maximum(0) + args[1] * args[0].minimum(0)
    return FUNCTIONS[NAMES[tree.op]](args[0], **dict(tree.attributes))


def codes_of(tree: Expression, inputs: list[Fraction], quant: Quant) -> list[int]:
    """The correctly rounded code of each real input."""
    added = quant.added * quant.scale[0]
    function = (lambda x: compute(tree, x) + added) if added else (lambda x: compute(tree, x))
    return rounded_codes(function, inputs, quant.scale[0], quant.zero_after, quant.codes, quant.rounding)


def table_codes(tree: Expression, domain: IntRange, scale: Fraction, offset: Fraction, quant: Quant) -> list[int]:
    """The correctly rounded code for each integer of `domain`, whose real meaning is ``scale * x + offset``.

    What float64 cannot tell for certain is computed exactly.
    """
    integers = np.arange(domain.lo, domain.hi + 1)
    with np.errstate(all="ignore"):
        inputs = Enclosures.integers(integers) * scale + offset
        value = compute(tree, inputs) + quant.added * quant.scale[0]
        codes, sure = value.codes(quant.scale[0], quant.zero_after, quant.codes)
    result, sure = (np.broadcast_to(a, integers.shape).copy() for a in (codes, sure))
    unsure = np.flatnonzero(~sure | (quant.rounding != "half_even"))
    result[unsure] = codes_of(tree, [int(integers[k]) * scale + offset for k in unsure], quant)
    return result.tolist()


def direction(tree: Expression) -> int | None:
    """1 where the function never falls, -1 where it never rises, 0 for a constant, None where that is not known."""
    if tree.op in ("x", "constant"):
        return int(tree.op == "x")
    args = [direction(a) for a in tree.args]
    if None in args:
        return None
    moving = [k for k, d in enumerate(args) if d]
    if not moving:
        return 0
    first = args[moving[0]]
    match tree.op:
        case "Neg":
            return -first
        case "Add":
            return first if all(args[k] == first for k in moving) else None
        case "Sub":
            signed = {args[k] * (-1 if k else 1) for k in moving}
            return signed.pop() if len(signed) == 1 else None
        case "Mul" | "Div":
            return _scaled(tree, moving, first)
    slopes = [v for name, v in tree.attributes if name in ("alpha", "gamma")]
    slopes += [c for a in tree.args[1:] for c in a.constants[0].ravel()] if tree.op == "PRelu" else []
    rises = tree.op in RISING and all(s >= 0 for s in slopes) and all(args[k] == first for k in moving)
    return first if rises else None


def _scaled(tree: Expression, moving: list[int], first: int) -> int | None:
    if len(moving) > 1 or (tree.op == "Div" and moving == [1]):
        return None
    factor = tree.args[1 - moving[0]]
    if factor.op != "constant":
        return None
    signs = {(c > 0) - (c < 0) for c in factor.value.ravel()}
    return first * signs.pop() if len(signs) == 1 else None

# SPDX-License-Identifier: Apache-2.0
"""Elementwise ONNX operators as expressions, with the defaults of the standard filled in."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from onnx_frontend.lower.expression import Expression, scalar
from onnx_frontend.quant_graph import QuantNode

Args = list[Expression | None]  # None: an optional operand that is left out
Rule = Callable[[QuantNode, Args], Expression | None]


def number(node: QuantNode, name: str, default: float) -> Fraction:
    """A float attribute as the exact value of its float32."""
    return Fraction(float(np.float32(node.attributes.get(name, default))))


def constant(value: Fraction | int) -> Expression:
    return Expression.constant(scalar(value))


def _same(node: QuantNode, args: Args) -> Expression:
    return Expression(node.op, tuple(a for a in args if a is not None))


def _clip(node: QuantNode, args: Args) -> Expression:
    bounds: list[Expression | None] = (args[1:] + [None, None])[:2]
    if node.version < 11:
        bounds = [constant(number(node, k, 0)) if k in node.attributes else None for k in ("min", "max")]
    result = args[0]
    for op, bound in zip(("Max", "Min"), bounds, strict=True):
        result = result if bound is None else Expression(op, (result, bound))
    return result


def _with(*defaults: tuple[str, float]) -> Rule:
    """A one-argument function whose float attributes have these defaults."""

    def rule(node: QuantNode, args: Args) -> Expression:
        return Expression(
            node.op, tuple(args), None, tuple((name, number(node, name, value)) for name, value in defaults)
        )

    return rule


def _hard_sigmoid(node: QuantNode, args: Args) -> Expression:
    alpha, beta = number(node, "alpha", 0.2), number(node, "beta", 0.5)
    line = Expression("Add", (Expression("Mul", (args[0], constant(alpha))), constant(beta)))
    return Expression("Min", (Expression("Max", (line, constant(0))), constant(1)))


def _hard_swish(node: QuantNode, args: Args) -> Expression:
    line = Expression("Add", (Expression("Mul", (args[0], constant(Fraction(1, 6)))), constant(Fraction(1, 2))))
    gate = Expression("Min", (Expression("Max", (line, constant(0))), constant(1)))
    return Expression("Mul", (args[0], gate))


def _silu(node: QuantNode, args: Args) -> Expression:
    scaled = Expression("Mul", (args[0], constant(number(node, "alpha", 1.0))))
    return Expression("Mul", (args[0], Expression("Sigmoid", (scaled,))))


def _gelu(node: QuantNode, args: Args) -> Expression:
    kind = node.attributes.get("approximate", "none")
    return Expression("GeluTanh" if kind == "tanh" else "Gelu", tuple(args))


def _bias_gelu(node: QuantNode, args: Args) -> Expression:
    """com.microsoft BiasGelu and FastGelu, which adds an optional bias and takes the tanh form."""
    inner = args[0] if len(args) < 2 or args[1] is None else Expression("Add", (args[0], args[1]))
    return Expression("GeluTanh" if node.op == "FastGelu" else "Gelu", (inner,))


def _quick_gelu(node: QuantNode, args: Args) -> Expression:
    scaled = Expression("Mul", (args[0], constant(number(node, "alpha", 1.702))))
    return Expression("Mul", (args[0], Expression("Sigmoid", (scaled,))))


def _batch_normalization(node: QuantNode, args: Args) -> Expression | None:
    if node.attributes.get("training_mode", 0) or any(a.op != "constant" for a in args[1:5]):
        return None
    gamma, beta, mean, variance = (a.value for a in args[1:5])
    epsilon = number(node, "epsilon", 1e-5)
    root = np.array([_square_root(v + epsilon) for v in variance.ravel()], object).reshape(variance.shape)
    gain = gamma / root
    line = Expression("Mul", (args[0], Expression.constant(gain)))
    return Expression("Add", (line, Expression.constant(beta - mean * gain)))


def _multi_threshold(node: QuantNode, args: Args) -> Expression:
    scale, bias = (Fraction(node.attributes[name]) for name in ("out_scale", "out_bias"))
    count = Expression("MultiThreshold", tuple(args))
    return Expression("Add", (Expression("Mul", (count, constant(scale))), constant(bias)))


def _square_root(value: Fraction) -> Fraction:
    """The square root, to about 2**-100 of its value: rational where every other coefficient is."""
    from math import isqrt

    shift = 200 + max(0, value.denominator.bit_length() - value.numerator.bit_length())
    shift += shift % 2
    return Fraction(isqrt(int(value * (1 << shift))), 1 << (shift // 2))


PLAIN = (
    "Add Sub Mul Div Min Max Neg Abs Relu Sigmoid Tanh Erf Exp Log Sqrt Reciprocal Softplus Softsign Sign Floor Ceil "
    "Round Sin Cos Identity Mish Pow PRelu"
)
ELEMENTWISE: dict[str, Rule] = {
    **dict.fromkeys(PLAIN.split(), _same),
    "Clip": _clip,
    "LeakyRelu": _with(("alpha", 0.01)),
    "Elu": _with(("alpha", 1.0)),
    "Selu": _with(("alpha", 1.6732632), ("gamma", 1.0507010)),
    "Celu": _with(("alpha", 1.0)),
    "ThresholdedRelu": _with(("alpha", 1.0)),
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _hard_swish,
    "Swish": _silu,
    "Gelu": _gelu,
    "BiasGelu": _bias_gelu,
    "FastGelu": _bias_gelu,
    "QuickGelu": _quick_gelu,
    "BatchNormalization": _batch_normalization,
    "MultiThreshold": _multi_threshold,
}
CHANNEL_ARGUMENTS = {"BatchNormalization"}

# SPDX-License-Identifier: Apache-2.0
"""Expressions as correctly rounded functions, and whether they rise or fall."""

from __future__ import annotations

from fractions import Fraction

from hwgen.numerics.functions import FUNCTIONS, rounded_codes
from hwgen.numerics.range import IntRange
from hwgen.numerics.real import Real
from hwgen.numerics.staircase import Staircase
from onnx_frontend.lower.expression import Expression
from onnx_frontend.quant_graph import Quant

NAMES = {
    "LeakyRelu": "leaky_relu", "Elu": "elu", "Selu": "selu", "Celu": "celu", "ThresholdedRelu": "thresholded_relu",
    "Sigmoid": "sigmoid", "Tanh": "tanh", "Erf": "erf", "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Sin": "sin",
    "Cos": "cos", "Reciprocal": "reciprocal", "Softplus": "softplus", "Softsign": "softsign", "Sign": "sign",
    "Floor": "floor", "Ceil": "ceil", "Round": "round", "Mish": "mish", "Gelu": "gelu", "GeluTanh": "gelu_tanh",
    "Abs": "abs", "Relu": "relu", "Neg": "neg", "Identity": "identity",
}  # fmt: skip
RISING = frozenset(
    ("Relu", "Identity", "Sigmoid", "Tanh", "Erf", "Exp", "Softplus", "Softsign", "Sign", "Floor", "Ceil", "Round", "Max", "Min",
     "Elu", "Selu", "Celu", "LeakyRelu", "PRelu")
)  # fmt: skip


def is_known(tree: Expression) -> bool:
    """Whether every operator in it can be computed."""
    plain = tree.op in NAMES or tree.op in ("x", "constant", "Add", "Sub", "Mul", "Div", "Min", "Max", "PRelu")
    power = tree.op == "Pow" and tree.args[1].op == "constant"
    return (plain or power) and all(is_known(a) for a in tree.args)


def compute(tree: Expression, x: Real) -> Real:
    """The value at x of an expression with one constant for all elements."""
    if tree.op == "x":
        return x
    if tree.op == "constant":
        return Real(Fraction(tree.value.item()), x.precision)
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
        case "PRelu":
            return args[0].maximum(0) + args[1] * args[0].minimum(0)
    return FUNCTIONS[NAMES[tree.op]](args[0], **dict(tree.attributes))


def codes_of(tree: Expression, inputs: list[Fraction], quant: Quant) -> list[int]:
    """The correctly rounded code of each real input."""
    return rounded_codes(lambda x: compute(tree, x), inputs, quant.scale[0], quant.zero_point[0], quant.codes)


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


class Steps:
    """The jumps of a monotone function of a real number, each known to lie in a short interval ``(below, above]``.

    They are found once and serve every channel; where an accumulator falls into an interval the function decides.
    """

    def __init__(self, tree: Expression, quant: Quant, lo: Fraction, hi: Fraction):
        self.tree, self.quant = tree, quant
        self.falls = direction(tree) == -1
        self.ends = self._code(lo), self._code(hi)
        self.jumps = self._find(lo, hi)

    def _code(self, x: Fraction) -> int:
        return codes_of(self.tree, [x], self.quant)[0]

    def _find(self, lo: Fraction, hi: Fraction) -> list[tuple[Fraction, Fraction, int]]:
        """(below, above, code from there on), from the lowest to the highest x."""
        pending, jumps = [(lo, hi, *self.ends)], []
        smallest = (hi - lo) / (1 << 40)
        while pending:
            a, b, below, above = pending.pop()
            if below == above:
                continue
            if (abs(above - below) == 1 and b - a <= smallest) or b - a <= smallest / (1 << 20):
                jumps.append((a, b, above))
                continue
            middle = (a + b) / 2
            code = self._code(middle)
            pending += [(middle, b, code, above), (a, middle, below, code)]
        return jumps

    def staircase(self, domain: IntRange, scale: Fraction, offset: Fraction) -> Staircase:
        """The exact function of integers whose real meaning is ``scale * acc + offset``."""
        if scale < 0:
            return self.staircase(IntRange(-domain.hi, -domain.lo), -scale, offset).mirrored()
        if scale == 0:
            return Staircase.constant(domain, self._code(offset))
        thresholds, values = [], [self._code(scale * domain.lo + offset)]
        for below, above, code in self.jumps:
            first, last = (below - offset) // scale + 1, -((offset - above) // scale)
            while first < last:  # where the bracket holds an integer, the function itself is asked
                middle = (first + last) // 2
                reached = self._code(scale * middle + offset)
                first, last = (
                    (first, middle) if (reached <= code if self.falls else reached >= code) else (middle + 1, last)
                )
            if domain.lo < first <= domain.hi:
                thresholds.append(int(first))
                values.append(code)
        return Staircase.of_steps(domain, *_merged(thresholds, values))


def _merged(thresholds: list[int], values: list[int]) -> tuple[list[int], list[int]]:
    """Several jumps at one integer as the last of them."""
    kept_t: list[int] = []
    kept_v = values[:1]
    for threshold, value in zip(thresholds, values[1:], strict=True):
        if kept_t and kept_t[-1] == threshold:
            kept_v[-1] = value
        else:
            kept_t.append(threshold)
            kept_v.append(value)
    return kept_t, kept_v

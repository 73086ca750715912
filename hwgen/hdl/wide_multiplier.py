# SPDX-License-Identifier: Apache-2.0
"""A signed product of any width out of 18 x 18 multipliers."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Elaboratable, Module, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwgen import costs
from hwgen.hdl.multiplier import Multiplier


@dataclass(frozen=True)
class _Term:
    """``value << shift``, one summand of the product."""

    shift: int
    value: Value


class WideMultiplier(wiring.Component):
    """y = a * b of signed operands, `latency` cycles later; a new pair in every cycle.

    Each operand is cut into unsigned pieces of 17 bits below a signed one of up to 18 bits. Every pair of pieces has a
    multiplier of its own; registered adders, in which the bits below the upper term pass by, join the products.
    """

    def __init__(self, a_width: int, b_width: int):
        self.a_width, self.b_width = a_width, b_width
        super().__init__({"a": In(signed(a_width)), "b": In(signed(b_width)), "y": Out(signed(a_width + b_width))})

    @property
    def latency(self) -> int:
        return costs.wide_multiplier_latency(self.a_width, self.b_width)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        terms = self._products(m)
        level = 0
        while len(terms) > 1:
            level += 1
            terms.sort(key=lambda term: term.shift)
            half = len(terms) // 2
            pairs = [(terms[k], terms[-1 - k]) for k in range(half)]
            middle = terms[half : len(terms) - half]
            terms = [self._joined(m, low, high, f"joined_{level}_{k}") for k, (low, high) in enumerate(pairs)]
            terms += [self._registered(m, term.shift, term.value, f"waiting_{level}") for term in middle]
        m.d.comb += self.y.eq(terms[0].value)
        return m

    def _products(self, m: Module) -> list[_Term]:
        terms = []
        for j, (a_start, a) in enumerate(_pieces(self.a)):
            for k, (b_start, b) in enumerate(_pieces(self.b)):
                m.submodules[f"multiply_{j}_{k}"] = multiplier = Multiplier(
                    len(a) + 1 - a.shape().signed, len(b) + 1 - b.shape().signed
                )
                m.d.comb += [multiplier.a.eq(a), multiplier.b.eq(b)]
                product = multiplier.y
                if not (a.shape().signed or b.shape().signed):
                    product = product[: len(a) + len(b)]
                terms.append(_Term(a_start + b_start, product))
        return terms

    def _joined(self, m: Module, low: _Term, high: _Term, name: str) -> _Term:
        step = high.shift - low.shift
        if not low.value.shape().signed and len(low.value) <= step:
            gap = Const(0, step - len(low.value))
            whole: Value = Cat(low.value, gap, high.value)
        else:
            upper = (low.value >> step) + high.value
            whole = Cat(low.value[:step], upper)
        signed_sum = low.value.shape().signed or high.value.shape().signed
        return self._registered(m, low.shift, whole.as_signed() if signed_sum else whole, name)

    def _registered(self, m: Module, shift: int, value: Value, name: str) -> _Term:
        """No term needs bits that lie above those of the product."""
        bits = min(len(value), self.a_width + self.b_width - shift)
        register = Signal(signed(bits) if value.shape().signed else bits, name=name, reset_less=True)
        m.d.sync += register.eq(value)
        return _Term(shift, register)


def _pieces(operand: Value) -> list[tuple[int, Value]]:
    """(position of the lowest bit, piece), low piece first; all but the last are unsigned."""
    pieces: list[tuple[int, Value]] = []
    start = 0
    widths = costs.piece_widths(len(operand))
    for bits in widths[:-1]:
        pieces.append((start, operand[start : start + bits]))
        start += bits
    return [*pieces, (start, operand[start : start + widths[-1]].as_signed())]

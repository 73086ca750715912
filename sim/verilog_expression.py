# SPDX-License-Identifier: Apache-2.0
"""Verilog expressions as Python text. Widths and signs follow the rules of IEEE 1364-2005, section 5.

Every value is an int in 0 .. 2**width - 1, the bits as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

TOKEN = re.compile(
    r"\s*(\d+'s?[hbd][0-9a-fA-F_]+|\d+|[A-Za-z_][A-Za-z0-9_]*|\$signed|\$unsigned|<<<|>>>|<<|>>|<=|>=|==|!=|&&|\|\||"
    r"[-+*&|^~!?:<>(){}\[\],;=@#.])"
)
NUMBER = re.compile(r"(\d+)'(s?)([hbd])([0-9a-fA-F_]+)")
LEVELS = (("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", "<=", ">", ">="), ("<<", ">>", "<<<", ">>>"),
          ("+", "-"), ("*",))  # fmt: skip
COMPARE = {"==", "!=", "<", "<=", ">", ">="}
SHIFTS = {"<<", ">>", "<<<", ">>>"}
Reference = Callable[[str, int, int], str]


class VerilogError(Exception):
    """Text that is not in the part of Verilog that is understood here."""


def tokens(text: str) -> list[str]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise VerilogError(f"cannot read {text[at : at + 20]!r}")
        found.append(match.group(1))
        at = match.end()
    return found


@dataclass(frozen=True)
class Signal:
    """A wire or register: its bits and whether it is signed."""

    width: int
    signed: bool


@dataclass(frozen=True)
class Expression:
    """kind: "number", "bits" (value: name, high, low), "join", "sign", "unary", "binary" or "choose"."""

    kind: str
    width: int
    signed: bool
    value: tuple = ()
    args: tuple[Expression, ...] = ()


class Parser:
    """Reads one expression after the other from a list of tokens."""

    def __init__(self, words: list[str], signals: dict[str, Signal]):
        self.words, self.signals, self.at = words, signals, 0

    @property
    def next(self) -> str:
        return self.words[self.at] if self.at < len(self.words) else ""

    def take(self, expected: str = "") -> str:
        word = self.next
        if not word or (expected and word != expected):
            raise VerilogError(f"{word!r} where {expected or 'something'!r} was expected")
        self.at += 1
        return word

    def expression(self) -> Expression:
        condition = self._level(0)
        if self.next != "?":
            return condition
        self.take()
        yes = self.expression()
        self.take(":")
        no = self.expression()
        width = max(yes.width, no.width)
        return Expression("choose", width, yes.signed and no.signed, (), (condition, yes, no))

    def _level(self, level: int) -> Expression:
        if level == len(LEVELS):
            return self._unary()
        left = self._level(level + 1)
        while self.next in LEVELS[level]:
            operator = self.take()
            left = _binary(operator, left, self._level(level + 1))
        return left

    def _unary(self) -> Expression:
        if self.next not in ("~", "!", "-", "+", "&", "|", "^"):
            return self.primary()
        operator = self.take()
        inner = self._unary()
        if operator in "!&|^":
            return Expression("unary", 1, False, (operator,), (inner,))
        return Expression("unary", inner.width, inner.signed, (operator,), (inner,))

    def primary(self) -> Expression:
        word = self.take()
        if word == "(":
            inner = self.expression()
            self.take(")")
            return inner
        if word in ("$signed", "$unsigned"):
            self.take("(")
            inner = self.expression()
            self.take(")")
            return Expression("sign", inner.width, word == "$signed", (), (inner,))
        if word == "{":
            return self._join()
        if word[0].isdigit():
            return number(word)
        return self._bits(word)

    def _join(self) -> Expression:
        parts = [self.expression()]
        if self.next == "{":  # a replication
            self.take("{")
            inner = self._join()
            self.take("}")
            return Expression("join", inner.width * parts[0].value[0], False, (), (inner,) * parts[0].value[0])
        while self.next == ",":
            self.take()
            parts.append(self.expression())
        self.take("}")
        return Expression("join", sum(p.width for p in parts), False, (), tuple(parts))

    def _bits(self, name: str) -> Expression:
        signal = self.signals.get(name)
        if signal is None:
            raise VerilogError(f"no signal of the name {name!r}")
        if self.next != "[":
            return Expression("bits", signal.width, signal.signed, (name, signal.width - 1, 0))
        self.take()
        high = low = int(self.take())
        if self.next == ":":
            self.take()
            low = int(self.take())
        self.take("]")
        return Expression("bits", high - low + 1, False, (name, high, low))


def number(word: str) -> Expression:
    match = NUMBER.fullmatch(word)
    if match is None:
        return Expression("number", 32, True, (int(word),))
    bits, sign, base, digits = match.groups()
    value = int(digits.replace("_", ""), {"h": 16, "b": 2, "d": 10}[base])
    return Expression("number", int(bits), bool(sign), (value & mask(int(bits)),))


def _binary(operator: str, a: Expression, b: Expression) -> Expression:
    if operator in COMPARE or operator in ("&&", "||"):
        return Expression("binary", 1, False, (operator,), (a, b))
    if operator in SHIFTS:
        return Expression("binary", a.width, a.signed, (operator,), (a, b))
    return Expression("binary", max(a.width, b.width), a.signed and b.signed, (operator,), (a, b))


def mask(width: int) -> int:
    return (1 << width) - 1


def python(e: Expression, width: int, refer: Reference, signed: bool | None = None) -> str:
    """The value in a context of `width` bits (at least those of `e`); `signed` is the sign of the whole context."""
    width, signed = max(width, e.width), e.signed if signed is None else signed
    if e.kind in ("unary", "binary") and e.value[0] in "!&|^" and e.kind == "unary":
        return _reduced(e, refer)
    if e.kind == "binary" and (e.value[0] in COMPARE or e.value[0] in ("&&", "||")):
        return _compared(e, refer)
    if e.kind == "choose":
        condition, yes, no = e.args
        test = python(condition, 0, refer)
        return f"({python(yes, width, refer, signed)} if {test} else {python(no, width, refer, signed)})"
    if e.kind == "unary":
        inner = python(e.args[0], width, refer, signed)
        return {"~": f"({inner} ^ {mask(width)})", "-": f"(-{inner} & {mask(width)})", "+": inner}[e.value[0]]
    if e.kind == "binary":
        return _calculated(e, width, refer, signed)
    return _extended(_leaf(e, refer), e.width, width, signed)


def _leaf(e: Expression, refer: Reference) -> str:
    if e.kind == "number":
        return str(e.value[0])
    if e.kind == "bits":
        return refer(*e.value)
    if e.kind == "sign":
        return python(e.args[0], 0, refer)
    parts, low = [], e.width
    for part in e.args:
        low -= part.width
        text = python(part, 0, refer)
        if text != "0":
            parts.append(f"{text} << {low}" if low else text)
    return f"({' | '.join(parts) or '0'})"


def _extended(value: str, bits: int, width: int, signed: bool) -> str:
    if not signed or width <= bits:
        return value
    if value.isdigit():
        return str(int(value) | (mask(width) & ~mask(bits) if int(value) >> (bits - 1) else 0))
    return f"((({value} ^ {1 << bits - 1}) - {1 << bits - 1}) & {mask(width)})"


def _reduced(e: Expression, refer: Reference) -> str:
    inner = python(e.args[0], 0, refer)
    full = mask(e.args[0].width)
    return {
        "!": f"(0 if {inner} else 1)",
        "|": f"(1 if {inner} else 0)",
        "&": f"(1 if {inner} == {full} else 0)",
        "^": f"(({inner}).bit_count() & 1)",
    }[e.value[0]]


def _compared(e: Expression, refer: Reference) -> str:
    operator, (a, b) = e.value[0], e.args
    if operator in ("&&", "||"):
        word = "and" if operator == "&&" else "or"
        return f"(1 if ({python(a, 0, refer)} {word} {python(b, 0, refer)}) else 0)"
    width, signed = max(a.width, b.width), a.signed and b.signed
    left, right = (python(x, width, refer, signed) for x in (a, b))
    if signed and operator not in ("==", "!="):
        left, right = (f"({x} ^ {1 << width - 1})" for x in (left, right))
    return f"(1 if {left} {operator} {right} else 0)"


def _calculated(e: Expression, width: int, refer: Reference, signed: bool) -> str:
    operator, (a, b) = e.value[0], e.args
    left = python(a, width, refer, signed)
    if operator in SHIFTS:
        by = python(b, 0, refer)
        if operator in ("<<", "<<<"):
            return f"({left} << {by} & {mask(width)})"
        if operator == ">>>" and signed:
            return f"((({left} ^ {1 << width - 1}) - {1 << width - 1} >> {by}) & {mask(width)})"
        return f"({left} >> {by})"
    right = python(b, width, refer, signed)
    if operator in "&|^":
        return f"({left} {operator} {right})"
    return f"({left} {operator} {right} & {mask(width)})"

# SPDX-License-Identifier: Apache-2.0
"""Output lanes that share multipliers: their weights side by side, and the sums apart again."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from hwgen.hdl.adder_tree import add_tree
from hwgen.hdl.multiplier import Multiplier
from hwgen.kernels.matmul.contraction import signed_bits
from hwgen.kernels.matmul.folding_dense import DenseSpec
from hwgen.kernels.matmul.packing import Packing


def factor(m: Module, word: Value, start: int, pe: int, lanes: range, packing: Packing, name: str) -> Value:
    """The weights of output `lanes` side by side; the codes of all `pe` lanes of their group lie in `word` from `start` on."""
    edges = packing.starts(pe)
    codes = [word[start + edges[lane % pe] : start + edges[lane % pe + 1]] for lane in lanes]
    whole = Signal(signed(packing.of(len(lanes)).factor_bits), name=name)
    m.d.comb += whole.eq(Cat(*(_widened(code, packing.field_bits) for code in codes[:-1]), codes[-1]))
    return whole


def _widened(code: Value, bits: int) -> Value:
    """A two's complement code in so many bits, which hold it."""
    return Cat(code, code[-1].replicate(bits - len(code))) if bits > len(code) else code[:bits]


def packed_sums(m: Module, s: DenseSpec, packing: Packing, values: list[Value], weights: Value) -> list[Value]:
    """Per output lane its field of the sum over SIMD products; the lowest bit is what the fields below it borrowed."""
    sums: list[Value] = []
    for first in range(0, s.group_lanes * s.pe, s.pe):
        own = values[first // s.pe * s.simd :][: s.simd]
        for lane in range(first, first + s.pe, packing.products):
            lanes = range(lane, min(lane + packing.products, first + s.pe))
            products: list[Value] = []
            for k, value in enumerate(own):
                start = (first // s.pe * s.simd + k) * packing.starts(s.pe)[-1]
                weight = factor(m, weights, start, s.pe, lanes, packing, f"factor_{lane}_{k}")
                m.submodules[f"multiply_{lane}_{k}"] = multiplier = Multiplier(len(weight), signed_bits(s.x))
                m.d.comb += [multiplier.a.eq(weight), multiplier.b.eq(value)]
                products.append(multiplier.y)
            word = add_tree(m, products, f"lanes_{lane}", packing.of(len(lanes)).word_bits)
            sums += _fields(Cat(Const(0, 1), word), packing.field_bits, len(lanes))
    return sums


def _fields(word: Value, bits: int, count: int) -> list[Value]:
    """The fields of a word that has a 0 below it, each with the highest bit of the one before in front of it."""
    padded = _widened(word, 1 + bits * count)
    return [padded[k * bits : (k + 1) * bits + 1].as_signed() for k in range(count)]


def collected(m: Module, sums: list[Value], first: Value, active: Value, width: int) -> list[Value]:
    """One cycle later: what came to each lane since the `first` sum, with what was borrowed from it."""
    results: list[Value] = []
    for lane, total in enumerate(sums):
        result = Signal(signed(width), name=f"accumulator_{lane}", reset_less=True)
        before = Signal.like(result, name=f"before_{lane}")
        m.d.comb += before.eq(Mux(first, 0, result))
        with m.If(active):
            # Both lowest bits together carry where something was borrowed.
            m.d.sync += result.eq((Cat(Const(1, 1), before).as_signed() + total) >> 1)
        results.append(result)
    return results

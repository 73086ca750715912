# SPDX-License-Identifier: Apache-2.0
"""Cascade foldings of MatMul: chains of DSP blocks that add up their products themselves, several in one block."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Process, Schedule
from hwgen.kernels.base import Folding, MemoryImage, UnitSpec, lane_counts
from hwgen.kernels.matmul import folding_dense
from hwgen.kernels.matmul.contraction import shape_of, signed_bits
from hwgen.kernels.matmul.folding_dense import DenseFolding
from hwgen.kernels.matmul.op import weights_of
from hwgen.kernels.matmul.packing import Packing, code_words, packed_codes, packing_for
from hwgen.numerics.range import IntRange
from hwgen.targets import Family, Resources, Target

LONGEST_CHAIN = 16
"""DSP blocks in a chain: a clock region of the devices has more of them in a column."""

MOST_PRODUCTS = 3
"""Products in one block: four would need weights and inputs of two bits, which LUTs multiply for less."""


@dataclass(frozen=True)
class CascadeFolding(Folding):
    """Each cycle multiplies `group_lanes` x `pe` x `simd` pairs, as a dense folding does.

    products: outputs of a group that share a DSP block. chain: DSP blocks that hand on one sum; divides `simd`.
    weight_memory: "block" or "logic" (a table in LUTs).
    """

    form: ClassVar[str] = "cascade"
    group_lanes: int
    pe: int
    simd: int
    products: int
    chain: int
    weight_memory: str

    @classmethod
    def of(cls, group_lanes: int, pe: int, simd: int, products: int, chain: int, weight_memory: str) -> CascadeFolding:
        lanes = group_lanes * simd, group_lanes * pe
        return cls(lanes[:1], lanes[1], group_lanes, pe, simd, products, chain, weight_memory)

    @property
    def dense(self) -> DenseFolding:
        """The dense folding with the same streams, schedule of weights and number of pairs."""
        return DenseFolding.of(self.group_lanes, self.pe, self.simd, self.weight_memory)


@dataclass(frozen=True)
class CascadeSpec(UnitSpec):
    """What the hardware depends on: see DenseSpec; `packing` says how outputs share a block."""

    group_lanes: int
    pe: int
    simd: int
    chain: int
    blocks: int
    folds: int
    steps: int
    x: IntRange
    packing: Packing
    out: IntRange
    weight_memory: str

    @property
    def weight_depth(self) -> int:
        return self.blocks * self.folds * self.steps

    @property
    def chains(self) -> int:
        """Chains that an output lane adds up."""
        return self.simd // self.chain

    @property
    def column_bits(self) -> int:
        """Of a word of the memory of one place in all chains."""
        return self.group_lanes * self.chains * self.packing.starts(self.pe)[-1]

    @property
    def shared(self) -> tuple[int, ...]:
        """Output lanes of a group by the block that computes them."""
        whole, rest = divmod(self.pe, self.packing.products)
        return (self.packing.products,) * whole + ((rest,) if rest else ())


def foldings(node: Node, target: Target) -> tuple[CascadeFolding, ...]:
    """All PE and SIMD of dense foldings, with every number of products that the blocks of the target can carry."""
    return _foldings(node, target.family) if target.family.dsp_sum_bits else ()


@lru_cache(maxsize=256)
def _foldings(node: Node, family: Family) -> tuple[CascadeFolding, ...]:
    groups, outputs, inputs, _ = shape_of(node)
    shapes = [(1, pe, simd) for pe in lane_counts(outputs) for simd in lane_counts(inputs)]
    shapes += [(lanes, outputs, simd) for lanes in lane_counts(groups)[1:] for simd in lane_counts(inputs)]
    found: list[CascadeFolding] = []
    for lanes, pe, simd in shapes:
        for products in range(1, min(pe, MOST_PRODUCTS) + 1):
            chain = longest_chain(node, family, pe, simd, products)
            if chain:
                found += [CascadeFolding.of(lanes, pe, simd, products, chain, memory) for memory in ("block", "logic")]
    return tuple(found)


@lru_cache(maxsize=4096)
def longest_chain(node: Node, family: Family, pe: int, simd: int, products: int) -> int:
    """The most blocks in a chain for which factors and sums fit them; 0 where not even one does."""
    x = signed_bits(node.src[0].type.range)
    widest = family.dsp_modes[-1]
    for chain in reversed(lane_counts(simd, LONGEST_CHAIN)):
        packing = packing_for(node, pe, products, chain)
        fits = packing.factor_bits <= widest.a_bits and x <= widest.b_bits
        if fits and packing.word_bits <= family.dsp_sum_bits:
            return chain
    return 0


def is_fallback(node: Node, folding: CascadeFolding) -> bool:
    return False


def orders(node: Node, folding: CascadeFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    return folding_dense.orders(node, folding.dense, given)


def spec(node: Node, folding: CascadeFolding) -> CascadeSpec:
    groups, outputs, inputs, _ = shape_of(node)
    return CascadeSpec(
        folding.group_lanes,
        folding.pe,
        folding.simd,
        folding.chain,
        groups // folding.group_lanes,
        outputs // folding.pe,
        inputs // folding.simd,
        node.src[0].type.range,
        packing_for(node, folding.pe, folding.products, folding.chain),
        node.type.range,
        folding.weight_memory,
    )


def latency(spec: CascadeSpec) -> int:
    """Issue, buffer and weight memory (3), the chain, the tree over chains, accumulator (where there is one)."""
    return 3 + costs.dot_latency(spec.chain) + costs.adder_tree_latency(spec.chains) + (spec.steps > 1)


def schedule(node: Node, folding: CascadeFolding) -> Schedule:
    s = spec(node, folding)
    step = np.arange(s.weight_depth)
    takes = (step // s.steps) % s.folds == 0
    gives = step % s.steps == s.steps - 1
    position = Process.of_steps((takes,), gives)
    return Schedule(latency(s), (replace(position, turns=shape_of(node)[3]),))


def cycles(node: Node, folding: CascadeFolding) -> int:
    return prod((shape_of(node)[3], spec(node, folding).weight_depth))


def area(node: Node, folding: CascadeFolding, target: Target) -> Resources:
    """Blocks, the registers that let inputs and addresses arrive in step with the sums, accumulators, weights, control."""
    s, family = spec(node, folding), target.family
    lanes, lane_bits = s.group_lanes * s.pe, s.group_lanes * s.simd * s.x.width
    total = costs.times(
        s.chain, costs.memory(family, s.weight_depth, s.column_bits, s.weight_memory, output_register=True)
    )
    total += Resources(dsps=s.group_lanes * len(s.shared) * s.simd)
    total += costs.times(s.group_lanes * s.chains, _staggered(family, s.chain, s.x.width))
    total += costs.registers((s.chain - 1) * (s.weight_depth - 1).bit_length())
    lane = costs.adder_tree(family, s.chains, s.packing.field_bits, s.out.width)
    if s.steps > 1:
        lane += _accumulator(family, s.out.width)
    total += costs.times(lanes, lane)
    total += costs.registers(3 * lane_bits + 3 * latency(s) + (s.weight_depth - 1).bit_length())
    if s.folds > 1:
        total += costs.memory(family, s.steps, lane_bits, "distributed", writable=True) + costs.mux(
            family, 2, lane_bits
        )
    for limit in (s.steps, s.folds, s.blocks, s.weight_depth):
        if limit > 1:
            total += costs.counter(family, limit)
    return total


def _staggered(family: Family, terms: int, bits: int) -> Resources:
    """`terms` words, each a cycle later than the one before: from three cycles on in shift registers made of LUTs."""
    if not family.shift_registers:
        return costs.registers(bits * terms * (terms - 1) // 2)
    return Resources(luts=bits * max(0, terms - 3), ffs=bits * sum(range(min(terms, 3))))


def _accumulator(family: Family, bits: int) -> Resources:
    """A register that starts anew or adds. Synthesis packs the choice into the adders of large LUTs, and only there."""
    gates = 0 if family.lut_inputs >= 6 else bits
    return costs.adder(family, bits) + costs.registers(bits) + Resources(luts=gates)


def arrange(node: Node, spec: CascadeSpec, taken: tuple[Order, ...]) -> CascadeSpec:
    """The same hardware for every order: the weights follow."""
    return spec


def program(node: Node, folding: CascadeFolding, spec: CascadeSpec, taken: tuple[Order, ...]) -> dict[str, MemoryImage]:
    """Per place in the chains the weights of all output lanes, in the order in which the inputs arrive."""
    words = folding_dense.words_of(
        node, folding.dense, packed_codes(weights_of(node.src), spec.pe, folding.products), taken
    )
    columns = words.reshape(spec.weight_depth, spec.group_lanes, spec.pe, spec.chains, spec.chain)
    bits = code_words(columns.transpose(4, 0, 1, 3, 2), spec.packing).reshape(spec.chain, spec.weight_depth, -1)
    return {f"weights_{place}": MemoryImage(column, 1) for place, column in enumerate(bits)}

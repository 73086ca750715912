# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen import costs
from hwgen.targets import FAMILIES, Family, Resources

ECP5 = next(family for family in FAMILIES if family.name == "ecp5")
ICE40 = next(family for family in FAMILIES if family.name == "ice40")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_has_coefficients_and_whole_prices(family: Family) -> None:
    laws = (
        costs.adder(family, 9),
        costs.mux(family, 3, 8),
        costs.counter(family, 10),
        costs.adder_tree(family, 5, 8, 11),
        costs.memory(family, 20, 8),
        costs.memory(family, 600, 9, "block", writable=True, output_register=True),
        costs.multiplier(family, 9, 8),
        costs.queue(family, 4, 8),
        costs.queue(family, 600, 8, "block"),
        costs.widen(family, 8, 3),
        costs.narrow(family, 8, 3),
        costs.serializer(family, 8, 3),
    )
    for price in laws:
        amounts = (price.luts, price.ffs, price.dsps, price.brams)
        assert all(isinstance(amount, int) and amount >= 0 for amount in amounts) and any(amounts)


def test_more_costs_more() -> None:
    assert costs.adder(ECP5, 16).luts > costs.adder(ECP5, 8).luts
    assert costs.mux(ECP5, 8, 8).luts > costs.mux(ECP5, 2, 8).luts > 0
    assert costs.counter(ECP5, 1000).ffs == 10 and costs.counter(ECP5, 1024).ffs == 10
    assert costs.memory(ECP5, 4096, 18, "block").brams == 4 * costs.memory(ECP5, 1024, 18, "block").brams == 4
    assert costs.queue(ECP5, 64, 8).luts > costs.queue(ECP5, 16, 8).luts


def test_what_is_not_there_is_free() -> None:
    assert costs.mux(ECP5, 1, 32) == Resources()
    assert costs.adder_tree(ECP5, 1, 8, 8) == Resources()
    assert costs.widen(ECP5, 8, 2).ffs - costs.counter(ECP5, 2).ffs == 8


def test_an_auto_memory_goes_into_block_ram_from_its_limit_on() -> None:
    limit = costs.BLOCK_RAM_FROM_BITS
    assert costs.is_block("auto", limit // 8, 8) and not costs.is_block("auto", limit // 8 - 1, 8)
    assert costs.is_block("block", 1, 1) and not costs.is_block("distributed", limit, 8)
    assert costs.memory(ECP5, limit // 8, 8).brams == 1
    small = costs.memory(ECP5, limit // 8 - 1, 8)
    assert small.brams == 0 and small.luts > 0 and small.ffs == 8


def test_an_output_register_is_paid_for_where_the_ram_has_none() -> None:
    for family, style, bits in ((ICE40, "block", 8), (ECP5, "logic", 8), (ECP5, "block", 0)):
        plain, registered = (costs.memory(family, 64, 8, style, output_register=r) for r in (False, True))
        assert registered.ffs - plain.ffs == bits


def test_equal_columns_of_a_small_table_are_paid_once() -> None:
    assert costs.distinct_columns(3, 192) == 8
    assert costs.distinct_columns(64, 192) == 192
    assert costs.memory(ECP5, 3, 192, "logic").ffs == 8 == costs.memory(ECP5, 3, 400, "logic").ffs


def test_a_ram_in_luts_is_paid_in_whole_primitives() -> None:
    assert costs.lut_ram(ECP5, 16, 8) == costs.lut_ram(ECP5, 3, 5) == Resources(luts=8)
    assert costs.lut_ram(ECP5, 17, 8) == Resources(luts=2 * 8 + 2 + 8)


def test_the_largest_of_n_words_takes_n_minus_1_comparisons() -> None:
    two = costs.maximum_tree(ECP5, 2, 8)
    assert costs.maximum_tree(ECP5, 9, 8).luts == 8 * two.luts
    assert costs.maximum_tree(ECP5, 9, 8).ffs == 8 * (5 + 3 + 2 + 1)


def test_a_family_without_lut_rams_pays_queues_in_registers() -> None:
    assert costs.queue(ICE40, 8, 16).ffs >= 8 * 16 > costs.queue(ECP5, 8, 16).ffs


@pytest.mark.parametrize("terms, registers", [(2, 9), (3, 10), (4, 10), (5, 20 + 11), (8, 20 + 11)])
def test_a_tree_pays_its_registers_after_two_levels_and_at_the_end(terms: int, registers: int) -> None:
    assert costs.adder_tree(ECP5, terms, 8, 16, levels=2).ffs == registers


def test_a_tree_has_a_register_after_every_level_unless_asked_otherwise() -> None:
    assert costs.adder_tree(ECP5, 8, 8, 16).ffs == 4 * 9 + 2 * 10 + 11


def test_a_tree_over_n_terms_has_one_adder_less() -> None:
    one = costs.adder(ECP5, 12).luts
    assert costs.adder_tree(ECP5, 9, 12, 12).luts == 8 * one


def test_an_adder_tree_latency_is_its_registered_levels() -> None:
    assert [costs.adder_tree_latency(n, 1) for n in (1, 2, 3, 4, 5)] == [0, 1, 2, 2, 3]

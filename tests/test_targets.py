# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import pytest

from hwgen.errors import UserError
from hwgen.targets import FAMILIES, TARGETS, Resources, Target


def test_an_unknown_name_lists_the_legal_ones():
    with pytest.raises(UserError) as error:
        Target.named("virtex")
    assert str(error.value) == (
        "error: target: there is no target of this name\n"
        "  found:    virtex\n"
        "  expected: ecp5-85k, ecp5-25k, ice40-up5k, gowin-gw2a-18, xc7, xcup, generic\n"
        "  fix:      choose one of these names"
    )


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_target_is_found_by_its_name(target: Target):
    assert Target.named(target.name) is target


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_no_ram_shape_holds_more_than_the_block(family):
    assert all(shape.depth * shape.width <= family.ram_bits for shape in family.ram_shapes)


def test_resources_add_and_subtract():
    a, b = Resources(1, 2, 3, 4), Resources(10, 20, 30, 40)
    assert a + b == Resources(11, 22, 33, 44)
    assert (a + b) - b == a


def test_the_largest_part_binds():
    target = Target.named("ecp5-25k")
    assert Resources(24288 // 4, 10, 21, 1).binding(target) == ("dsps", Fraction(3, 4))


def test_a_design_fits_up_to_its_fractions():
    target = Target.named("ecp5-25k")
    assert Resources(luts=20644, dsps=28, brams=50).fits(target)
    assert not Resources(luts=20645).fits(target)
    assert not Resources(dsps=29).fits(target)
    assert not Resources(brams=51).fits(target)
    assert Resources(brams=51).fits(target, bram_fraction=1)


def test_nothing_binds_without_limits():
    generic = Target.named("generic")
    assert Resources(10**9, 0, 10**9, 0).fits(generic)
    assert Resources(1).binding(generic) == ("", 0)


@pytest.mark.parametrize(
    "family,depth,width,blocks",
    [("ecp5", 1000, 8, 1), ("ecp5", 4096, 32, 8), ("ecp5", 512, 36, 1), ("ice40", 1000, 8, 2), ("ice40", 4096, 32, 32)],
)
def test_blocks_of_a_memory_match_what_yosys_takes(family, depth, width, blocks):
    assert next(f for f in FAMILIES if f.name == family).brams_for(depth, width) == blocks


@pytest.mark.parametrize(
    "family,a,b,units",
    [
        ("ecp5", 18, 18, 1),
        ("ecp5", 24, 18, 2),
        ("gowin", 9, 9, 1),
        ("gowin", 10, 8, 2),
        ("xc7", 18, 25, 1),
        ("xcup", 27, 18, 1),
    ],
)
def test_units_of_a_product_follow_the_widest_mode_that_is_needed(family, a, b, units):
    assert next(f for f in FAMILIES if f.name == family).dsps_for(a, b) == units

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.ir.graph import Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.kernels.elementwise.folding import TableFolding, contents, foldings, spec
from hwgen.kernels.elementwise.kernel import TableKernel
from hwgen.kernels.elementwise.op import Table
from hwgen.numerics.range import IntRange
from hwgen.targets import Target
from hwgen.testing import check_kernel


def table(x: IntRange, shape: tuple[int, ...] = (1, 6, 5, 5), seed: int = 0) -> Node:
    """A random function that is defined on a little more than the codes that arrive."""
    values = np.random.default_rng(seed).integers(-100, 120, x.size + 3)
    op = Table(x.lo - 1, tuple(values.tolist()), "random")
    return Node(op, (Node(Input(TensorType(shape, x)), (), "x"),), "table")


@pytest.mark.parametrize("memory", ["logic", "block"])
@pytest.mark.parametrize("lanes", [2, 5])
@pytest.mark.parametrize("x", [IntRange(-128, 127), IntRange(-20, 100), IntRange(0, 200), IntRange(3, 9)], ids=str)
def test_a_table_equals_golden_on_time(x: IntRange, lanes: int, memory: str) -> None:
    check_kernel(TableKernel(), table(x), TableFolding((lanes,), lanes, memory))


def test_every_code_stands_at_the_address_of_its_bits() -> None:
    node = table(IntRange(-20, 100))
    words = contents(node, spec(node, TableFolding((1,), 1, "logic")))
    codes = np.arange(-20, 101)
    assert np.array_equal(words[codes % 256, 0], node.op.golden(codes[np.newaxis])[0])


def test_small_tables_stay_out_of_block_ram_and_huge_ones_are_not_offered() -> None:
    target = Target.named("ecp5-85k")
    assert {f.memory for f in foldings(table(IntRange(0, 15)), target)} == {"logic"}
    assert {f.memory for f in foldings(table(IntRange(0, 255)), target)} == {"logic", "block"}
    assert foldings(table(IntRange(0, 1 << 16)), target) == ()

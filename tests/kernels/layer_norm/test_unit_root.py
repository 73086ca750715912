# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random
from math import isqrt

import pytest

from hwgen.kernels.layer_norm.folding import RootSpec
from hwgen.kernels.layer_norm.unit_root import ReciprocalRoot
from tests.hdl.bench import simulate


def expected(radicand: int, s: RootSpec) -> tuple[int, int]:
    length = max(2, radicand.bit_length() + radicand.bit_length() % 2)
    mantissa = (radicand << s.mantissa_bits) >> length
    root = isqrt((1 << (2 * s.bits + s.mantissa_bits - 2)) // mantissa)
    return min(root, (1 << s.bits) - 1), s.shift - (s.radicand_bits - length) // 2


@pytest.mark.parametrize("radicand_bits, bits", [(2, 5), (6, 4), (20, 9), (36, 16), (48, 33)])
def test_a_root_follows_every_latency_cycles(radicand_bits: int, bits: int) -> None:
    s = RootSpec(radicand_bits, bits, bits + 2, 40)
    unit, rng = ReciprocalRoot(s), random.Random(bits)
    lengths = range(1, radicand_bits + 1)
    wanted = [1 << (n - 1) for n in lengths] + [(1 << n) - 1 for n in lengths]
    wanted += [rng.getrandbits(n) | 1 << (n - 1) for n in lengths]

    async def testbench(context, reset) -> None:
        for k, radicand in enumerate([*wanted, 0]):
            context.set(unit.start, 1)
            context.set(unit.radicand, radicand)
            for cycle in range(s.latency):
                due = k > 0 and cycle == 0
                assert context.get(unit.done) == due
                if due:
                    assert (context.get(unit.root), context.get(unit.shift)) == expected(wanted[k - 1], s), wanted[
                        k - 1
                    ]
                await context.tick()
                context.set(unit.start, 0)

    simulate(unit, testbench)

# SPDX-License-Identifier: Apache-2.0
"""Proofs say what was checked, agree with the golden model everywhere, and fail for wrong constants."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from hwgen.errors import InternalError
from hwgen.ir.graph import Node
from hwgen.kernels.requantize import folding as folding_module
from hwgen.kernels.requantize.proof import evaluate, proof
from hwgen.numerics.range import IntRange
from hwgen.targets import Target
from tests.kernels.requantize.nodes import layer, powers_of_two, requantize

NODES = {
    "random": layer(),
    "powers of two": powers_of_two(zero_point=3, falling=True),
    "decimal": requantize((Fraction(7, 100), Fraction(-1, 20)) * 3, (Fraction(1, 2),), zero_point=-5),
    "ort": requantize((Fraction(float(np.float32(0.07))),) * 6, (Fraction(11),), dialect="ort", zero_point=2),
    "ref": requantize((Fraction(float(np.float32(0.05))),), (Fraction(-7),), dialect="ref", zero_point=5),
    "four bits": layer(steps=300.0, out=IntRange(-8, 7)),
}


def one_of_each(node: Node) -> list[folding_module.RequantizeFolding]:
    return [f for f in folding_module.foldings(node, Target.named("ecp5-85k")) if f.lanes_out == 1]


@pytest.mark.parametrize("name", NODES)
def test_every_form_is_golden_for_every_accumulator(name: str) -> None:
    node = NODES[name]
    x = node.src[0].type.range
    accumulators = np.arange(x.lo, x.hi + 1)
    frame = np.broadcast_to(accumulators, (1, 1, 6, x.size))
    golden = node.op.golden(frame)[0, 0]
    for folding in one_of_each(node):
        channels = len(proof(node, folding)["channels"])
        for channel in range(channels):
            found = evaluate(node, folding, channel, accumulators)
            assert np.array_equal(found, golden[channel]), (folding, channel)


def test_a_proof_is_plain_data_and_says_where_the_constants_are() -> None:
    node = layer()
    for folding in one_of_each(node):
        written = json.loads(json.dumps(proof(node, folding)))
        assert written["form"] == folding.form and written["constants_in"] == "memory (logic)"
        assert len(written["channels"]) == 6 and written["points"] > 6 * 100


def test_a_wrong_constant_is_not_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    node = layer()
    right = folding_module.division_of(node)
    wrong = replace(right, addend=(right.addend[0] + (1 << right.fraction), *right.addend[1:]))
    monkeypatch.setattr(folding_module, "division_of", lambda _: wrong)
    with pytest.raises(InternalError, match="channel 0 gives"):
        proof(node, folding_module.DivisionFolding((1,), 1, "logic"))

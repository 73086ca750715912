# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from fractions import Fraction

import pytest

from hwgen.errors import IllegalFolding, UserError
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal
from hwgen.plan.plan_json import foldings_from_json, plan_to_json
from hwgen.targets import Target
from tests.plan.networks import two_convs

TARGET = Target.named("ecp5-25k")
GRAPH = two_convs()


@pytest.fixture(scope="module")
def document() -> dict:
    return json.loads(plan_to_json(make_plan(GRAPH, TARGET, Goal(Fraction(20_000)))))


def test_a_plan_read_back_is_the_same_plan(document: dict) -> None:
    foldings = foldings_from_json(json.dumps(document), GRAPH, TARGET)
    again = make_plan(GRAPH, TARGET, Goal(), foldings)
    assert json.loads(plan_to_json(again))["timing"] == document["timing"]
    assert {s.name: s.folding for s in again.stages} == foldings


def test_an_edited_number_of_lanes_is_taken_without_editing_what_follows_from_it(document: dict) -> None:
    edited = json.loads(json.dumps(document))
    edited["stages"]["second_matmul"]["folding"] |= {"pe": 4, "simd": 8}
    assert foldings_from_json(json.dumps(edited), GRAPH, TARGET)["second_matmul"].lanes_in == (8,)


def test_an_illegal_value_names_the_legal_ones(document: dict) -> None:
    edited = json.loads(json.dumps(document))
    edited["stages"]["second_matmul"]["folding"]["pe"] = 3
    with pytest.raises(IllegalFolding, match=r"second_matmul[\s\S]*pe in \{1, 2, 4\}"):
        foldings_from_json(json.dumps(edited), GRAPH, TARGET)


def test_a_stage_that_the_model_does_not_have_is_refused(document: dict) -> None:
    edited = json.loads(json.dumps(document))
    edited["stages"]["third"] = edited["stages"]["second"]
    with pytest.raises(UserError, match="no such node"):
        foldings_from_json(json.dumps(edited), GRAPH, TARGET)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema_version": 2, "stages": {}}'])
def test_other_files_are_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"plan\.json"):
        foldings_from_json(text, GRAPH, TARGET)

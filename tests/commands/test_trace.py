# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from tests.commands.conftest import MLP, Run

PLAN = ("--target", "ecp5-25k", "--fps", 1000)


def test_a_node_is_followed_down_to_its_memory_rows(run: Run) -> None:
    code, document, _ = run("trace", MLP, "fc2", *PLAN, json=True)
    assert code == 0 and document["place"].startswith("Gemm 'fc2' (node ")
    product, rounding = document["stages"]
    assert (product["operator"], rounding["operator"]) == ("MatMul", "Requantize")
    assert product["instance"] == f"digits_mlp.{product['name']}"
    (weights,) = product["memories"]
    assert weights["depth"] * weights["bits"] >= 32 * 16 * 8 and weights["file"].startswith("mem/")
    assert len(rounding["staircases"]) == 16 and rounding["staircases"][0]["steps"] > 0


@pytest.mark.parametrize("name", ["active2", "active2_QuantizeLinear_Output", "active2_QuantizeLinear", "fc2"])
def test_a_tensor_a_node_and_a_stage_lead_to_the_same_rounding(run: Run, name: str) -> None:
    _, document, _ = run("trace", MLP, name, *PLAN, json=True)
    assert "fc2" in [stage["name"] for stage in document["stages"]]


def test_the_text_says_the_same(run: Run) -> None:
    code, text, _ = run("trace", MLP, "fc3", *PLAN)
    assert code == 0
    for word in (
        "uint8, scale ",
        "stage fc3: Requantize",
        "rounding  channel 0",
        "folding   form",
        "memory    mem/fc3",
    ):
        assert word in text


def test_what_the_host_computes_has_no_stage(run: Run) -> None:
    code, text, _ = run("trace", MLP, "image_QuantizeLinear", *PLAN)
    assert code == 0 and "runs on the host, or is folded into another node" in text


def test_an_unknown_name_is_answered_with_similar_ones(run: Run) -> None:
    code, _, error = run("trace", MLP, "fc4", *PLAN)
    assert code == 1 and "expected: a name of the file, such as fc3, fc2, fc1" in error

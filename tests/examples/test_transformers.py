# SPDX-License-Identifier: Apache-2.0
"""The committed transformers: recognized test samples, and nodes that agree with onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from hwgen.comparison.compare import Comparison
from tests.models import Pair

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "transformers"
LEAST_ACCURACY = {"vit": 0.97, "encoder": 0.86}
NAMES = tuple(f"{network}_{style}" for network in LEAST_ACCURACY for style in ("s8", "u8s8", "w4"))


def compared(name: str, samples: int) -> Comparison:
    stored = np.load(FOLDER / f"{name.split('_')[0]}.npz")
    (argument,) = set(stored) - {"labels"}
    pair = Pair.of(onnx.load(FOLDER / f"{name}.onnx"))
    return pair.compare_on({argument: stored[argument][:samples]})


@pytest.mark.parametrize("name", NAMES)
def test_every_node_agrees_with_onnxruntime(name: str) -> None:
    found = compared(name, samples=1)
    assert found.compared > 250_000 and found.unexplained == 0
    assert max(node.max_lsb for node in found.nodes) <= 1


@pytest.mark.parametrize("network", LEAST_ACCURACY)
def test_the_samples_are_the_first_of_the_test_samples(network: str) -> None:
    few, every = (np.load(FOLDER / f"{network}{suffix}.npz") for suffix in ("", "_test"))
    assert set(few) == set(every)
    assert all(np.array_equal(few[key], every[key][: len(few[key])]) for key in few)

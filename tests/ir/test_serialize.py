# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from hwgen.errors import InternalError, UserError
from hwgen.ir.evaluate import evaluate
from hwgen.ir.graph import Graph, Label, Node
from hwgen.ir.leaves import Constant, Input
from hwgen.ir.op import TensorType
from hwgen.ir.serialize import NODES, graph_to_files, read_graph
from hwgen.kernels.matmul.op import MatMul
from hwgen.kernels.requantize.op import Requantize
from hwgen.numerics.range import IntRange


@pytest.fixture
def graph() -> Graph:
    x = Node(Input(TensorType((1, 4), IntRange(-8, 7))), (), "x", tensor="x_q")
    w = Node(Constant(np.arange(12).reshape(3, 4) - 5), (), "w")
    dense = Node(MatMul(1), (x, w), "dense", ("MatMul_3", "Add_4"))
    ratio = (Fraction(1, 3), Fraction(-2, 7), Fraction(0))
    y = Node(Requantize(ratio, (Fraction(1, 2),), 3, "real", IntRange(-4, 7)), (dense,), "y")
    return Graph((x,), {"y": y, "dense": dense}, {"y": Label((Fraction(1, 10),), (3,))})


def written(graph: Graph, folder: Path) -> Path:
    for path, data in graph_to_files(graph).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def test_a_graph_comes_back_as_it_was(graph: Graph, tmp_path: Path) -> None:
    again = read_graph(written(graph, tmp_path))
    for a, b in zip(graph, again, strict=True):
        assert (a.op, a.name, a.origin, a.tensor, a.type) == (b.op, b.name, b.origin, b.tensor, b.type)
    assert again.labels == graph.labels
    x = np.arange(-8, 8).reshape(4, 1, 4)
    for name, values in evaluate(graph, {"x": x}).items():
        assert np.array_equal(values, evaluate(again, {"x": x})[name])


def test_equal_graphs_give_equal_bytes(graph: Graph, tmp_path: Path) -> None:
    assert graph_to_files(graph) == graph_to_files(read_graph(written(graph, tmp_path)))


def test_a_class_from_elsewhere_is_refused(graph: Graph, tmp_path: Path) -> None:
    place = written(graph, tmp_path) / NODES
    place.write_text(place.read_text().replace("hwgen.ir.leaves:Input", "subprocess:Popen"))
    with pytest.raises(InternalError, match="subprocess"):
        read_graph(tmp_path)


def test_a_folder_without_a_golden_model_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="build the bundle again"):
        read_graph(tmp_path)


def test_a_golden_model_of_a_newer_hwgen_is_refused(graph: Graph, tmp_path: Path) -> None:
    place = written(graph, tmp_path) / NODES
    place.write_text(json.dumps(json.loads(place.read_text()) | {"schema_version": 99}))
    with pytest.raises(UserError, match="schema 99"):
        read_graph(tmp_path)

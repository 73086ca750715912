# SPDX-License-Identifier: Apache-2.0
"""A graph as files, so that a bundle carries its own golden model: JSON for the nodes, NumPy arrays beside it.

Nothing here knows an operator: an Op is its class and its dataclass fields. Reading builds only dataclasses and enums
of modules that belong to hwgen or to a kernel that was installed for it, and runs no other code.
"""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Collection
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.errors import InternalError, UserError
from hwgen.ir.graph import Graph, Label, Node
from hwgen.numerics.range import IntRange

SCHEMA_VERSION = 1
NODES, ARRAYS = "golden/graph.json", "golden/constants.npz"


def graph_to_files(graph: Graph) -> dict[str, bytes]:
    """Contents by path relative to the bundle; equal graphs give equal bytes."""
    arrays: dict[str, np.ndarray] = {}
    number = {id(node): k for k, node in enumerate(graph.nodes)}
    nodes = [
        {
            "name": node.name,
            "op": _plain(node.op, arrays),
            "src": [number[id(s)] for s in node.src],
            "origin": list(node.origin),
            "tensor": node.tensor,
        }
        for node in graph.nodes
    ]
    document = {
        "schema_version": SCHEMA_VERSION,
        "nodes": nodes,
        "inputs": [number[id(n)] for n in graph.inputs],
        "outputs": {name: number[id(n)] for name, n in graph.outputs.items()},
        "labels": {name: _plain(label, arrays) for name, label in graph.labels.items()},
    }
    packed = io.BytesIO()
    np.savez(packed, allow_pickle=False, **arrays)
    return {NODES: (json.dumps(document, indent=1) + "\n").encode(), ARRAYS: packed.getvalue()}


def read_graph(bundle: Path, packages: Collection[str] = ()) -> Graph:
    """The graph that `graph_to_files` wrote into the folder `bundle`.

    packages: packages besides hwgen whose operators may occur. Raises UserError where the files are missing or newer.
    """
    try:
        document = json.loads((bundle / NODES).read_text(encoding="utf-8"))
        with np.load(bundle / ARRAYS, allow_pickle=False) as file:
            reader = _Reader(dict(file), ("hwgen", *packages))
    except (OSError, ValueError) as error:
        raise UserError.of(
            f"bundle {bundle.name}", "its golden model cannot be read",
            found=str(error), expected=f"{NODES} and {ARRAYS}", fix="build the bundle again",
        ) from error  # fmt: skip
    if document["schema_version"] != SCHEMA_VERSION:
        raise UserError.of(
            f"bundle {bundle.name}", "its golden model is of another version of hwgen",
            found=f"schema {document['schema_version']}", expected=f"schema {SCHEMA_VERSION}",
            fix="build the bundle again, or install the hwgen that built it",
        )  # fmt: skip
    nodes: list[Node] = []
    for entry in document["nodes"]:
        src = tuple(nodes[k] for k in entry["src"])
        nodes.append(Node(reader.value(entry["op"]), src, entry["name"], tuple(entry["origin"]), entry["tensor"]))
    labels: dict[str, Label] = {name: reader.value(label) for name, label in document["labels"].items()}
    return Graph(
        tuple(nodes[k] for k in document["inputs"]), {n: nodes[k] for n, k in document["outputs"].items()}, labels
    )


def _plain(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """`value` in the words of JSON; arrays go into `arrays`, in the smallest type that holds them."""
    if value is None or (isinstance(value, bool | int | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, Fraction):
        return {"fraction": [value.numerator, value.denominator]}
    if isinstance(value, tuple | list):
        return [_plain(v, arrays) for v in value]
    if isinstance(value, np.ndarray):
        name = f"array_{len(arrays)}"
        arrays[name] = (
            value.astype(IntRange.of_array(value).dtype) if value.dtype.kind in "iu" and value.size else value
        )
        return {"array": name, "dtype": value.dtype.str}
    place = f"{type(value).__module__}:{type(value).__qualname__}"
    if isinstance(value, Enum):
        return {"enum": place, "name": value.name}
    if is_dataclass(value):
        return {
            "class": place,
            "fields": {f.name: _plain(getattr(value, f.name), arrays) for f in fields(value) if f.init},
        }
    raise InternalError(f"a field of type {type(value).__name__} cannot be written into a bundle")


class _Reader:
    """The inverse of `_plain`; lists come back as tuples."""

    def __init__(self, arrays: dict[str, np.ndarray], packages: tuple[str, ...]):
        self.arrays, self.packages = arrays, packages

    def value(self, plain: Any) -> Any:
        if isinstance(plain, list):
            return tuple(self.value(v) for v in plain)
        if not isinstance(plain, dict):
            return plain
        if "fraction" in plain:
            return Fraction(*plain["fraction"])
        if "array" in plain:
            return self.arrays[plain["array"]].astype(plain["dtype"])
        if "enum" in plain:
            return self.class_at(plain["enum"])[plain["name"]]
        return self.class_at(plain["class"])(**{name: self.value(v) for name, v in plain["fields"].items()})

    def class_at(self, place: str) -> Any:
        module, _, name = place.partition(":")
        if module.split(".")[0] not in self.packages:
            raise InternalError(f"the golden model uses {module}, which is no part of hwgen or of an installed kernel")
        found = getattr(importlib.import_module(module), name, None)
        if not isinstance(found, type) or not (is_dataclass(found) or issubclass(found, Enum)):
            raise InternalError(f"the golden model uses {place}, which this version of hwgen does not have")
        return found

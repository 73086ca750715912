# SPDX-License-Identifier: Apache-2.0
"""From a plan and its top component to a bundle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

from hwgen.emit.bench import make_bench
from hwgen.emit.bundle import Bundle
from hwgen.emit.comments import commented
from hwgen.emit.manifest import make_manifest
from hwgen.emit.memories import hex_file
from hwgen.emit.proof import make_proof
from hwgen.emit.readme import make_readme
from hwgen.emit.stimulus import DEFAULT_SAMPLES, default_inputs
from hwgen.emit.vectors import make_vectors, ports_of
from hwgen.emit.verilog import verilog
from hwgen.ir.evaluate import evaluate
from hwgen.ir.serialize import graph_to_files
from hwgen.plan.plan import Plan
from hwgen.plan.plan_json import plan_to_json
from hwgen.rtl.build_top import memory_images, memory_path
from hwgen.rtl.top import Top

PRIMITIVES = ("hwgen_add_subtract.v", "hwgen_memory.v", "hwgen_multiply.v", "hwgen_queue_ram.v")
SELDOM = ("hwgen_dot.v",)
"""Primitives that come along only where a design uses them."""


def emit(
    name: str,
    plan: Plan,
    top: Top,
    facts: dict[str, object],
    sources: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
) -> Bundle:
    """All files of a bundle; the same plan gives the same bytes.

    facts: entries of the manifest that do not follow from the plan: "host", "host_operators".
    sources: by node name the numbers of the file behind its constants, for proof.json.
    """
    text = commented(name, verilog(name, top), plan)
    contents: dict[str, bytes] = {f"rtl/{name}.v": text.encode()}
    for primitive in (*PRIMITIVES, *(p for p in SELDOM if p.removesuffix(".v") in text)):
        contents[f"rtl/{primitive}"] = files("hwgen").joinpath(f"hdl/verilog/{primitive}").read_bytes()
    for key, image in memory_images(plan).items():
        contents[memory_path(key)] = hex_file(image)
    contents["plan.json"] = plan_to_json(plan).encode()
    contents["proof.json"] = (json.dumps(make_proof(plan, sources), indent=1) + "\n").encode()
    contents |= graph_to_files(plan.graph)
    manifest = make_manifest(name, plan, facts)
    contents |= make_bench(manifest)
    contents["README.md"] = make_readme(manifest)
    contents |= _vectors(plan, manifest)
    manifest["sha256"] = {path: hashlib.sha256(data).hexdigest() for path, data in sorted(contents.items())}
    contents["manifest.json"] = (json.dumps(manifest, indent=2) + "\n").encode()
    return Bundle(name, contents)


def _vectors(plan: Plan, manifest: dict[str, object]) -> dict[str, bytes]:
    """Frames to check a bundle with where hwgen is not installed."""
    inputs = default_inputs(plan.graph, DEFAULT_SAMPLES, seed=0)
    vectors = make_vectors(ports_of(manifest), inputs, evaluate(plan.graph, inputs))
    return {f"vectors/{path}": data for path, data in vectors.items()}

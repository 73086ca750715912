# SPDX-License-Identifier: Apache-2.0
"""``hwgen run``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from hwgen.commands.answer import SCHEMA_VERSION, console, print_json, progress, table
from hwgen.commands.options import AsJson, From, Model, NormError, Shape, To, parse_norm_error, parse_shapes
from hwgen.reports import numbers

if TYPE_CHECKING:
    from hwgen.flow.run_golden import Against, GoldenRun


def run(
    model: Model,
    inputs: Annotated[Path, typer.Option("--inputs", metavar="X.npz", help="Samples.", show_default=False)],
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="Y.npz", help="Write the outputs.")] = None,
    compare: Annotated[str, typer.Option(help="auto, onnxruntime, qonnx, reference or none.")] = "auto",
    bundle: Annotated[
        Path | None, typer.Option("--bundle", metavar="DIR", help="Keep the comparison for this bundle's report.")
    ] = None,
    shape: Shape = None,
    start: From = None,
    stop: To = None,
    norm_error: NormError = None,
    as_json: AsJson = False,
) -> None:
    """Run the golden model on samples and compare it with another engine, node by node.

    X.npz holds one array per graph input, samples along a new first axis. Every node is given the other engine's own
    inputs, so a difference is counted where it arises.
    """
    from hwgen import api

    with progress() as say:
        result = api.run(
            model,
            inputs,
            output,
            compare=cast("Against", compare),
            shapes=parse_shapes(shape),
            start=start,
            stop=stop,
            norm_error=parse_norm_error(norm_error),
            progress=say,
        )
    if bundle is not None:
        _keep(bundle, result)
    if as_json:
        print_json(result.to_json())
    else:
        _show(result, output)


def _keep(bundle: Path, result: GoldenRun) -> None:
    from hwgen.reports.documents import EXACTNESS, read_documents, write_document

    read_documents(bundle)
    write_document(bundle, EXACTNESS, {"schema_version": SCHEMA_VERSION, **result.to_json()})


def _show(result: GoldenRun, output: Path | None) -> None:
    document = result.to_json()
    for note in document["notes"]:
        print(f"note: {note}")
    if result.comparison is not None:
        _show_nodes(document["nodes"])
        found = result.comparison
        print(
            f"\n{numbers.count(found.compared)} values against {result.oracle}: {found.different} differ, "
            f"{found.different - found.unexplained} of them certified ties, {found.unexplained} unexplained, "
            f"largest difference {found.max_lsb} LSB"
        )
        for name, part in found.top1.items():
            print(
                f"largest element of '{name}' at the same place in {numbers.percent(part)} of {result.samples} samples"
            )
        for end in document["outputs"]:
            farther = ", ".join(f"{n} by {k}" for k, n in enumerate(end["histogram"]) if k and n)
            print(
                f"'{end['tensor']}' end to end: {end['different']} of {end['compared']} differ{farther and ': '}{farther}"
            )
    if output is not None:
        print(f"{output}: {', '.join(json.dumps(name) for name in result.outputs)} for {result.samples} samples")


def _show_nodes(nodes: list[dict[str, Any]]) -> None:
    rows = table(
        "node", "operator", "dialect", "bits", "form", "compared", "different", "ties", "unexplained", "max LSB", "reference",
    )  # fmt: skip
    for node in nodes:
        counts = (numbers.count(node[k]) for k in ("compared", "different", "ties", "unexplained", "max_lsb"))
        other = "" if node["reference"] is None else numbers.count(node["reference"]["different"])
        facts = node["dialect"] or "", numbers.count(node["accumulator_bits"]), node["form"] or node["proof"]
        rows.add_row(node["name"], node["op"], *facts, *counts, other)
    console().print(rows)

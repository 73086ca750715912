# SPDX-License-Identifier: Apache-2.0
"""Quantized weights are set to zero in a pattern that the sparse arrays can use; the file stays what it was otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from hwgen.errors import BadModel, UserError
from hwgen.flow.run_golden import run_golden
from hwgen.flow.samples import InputSpec, Samples, read_samples
from hwgen.pipeline import Source, compile_model, load_source
from hwgen.progress import Progress, silent
from onnx_frontend.host_boundary import host_boundary
from onnx_frontend.layer_weights import LayerWeights, WeightFile
from onnx_frontend.oracle import Oracle

Kept = Callable[[np.ndarray], "np.ndarray | str"]
"""Scores of a layer (outputs, taps, channels) to which of its weights are kept; or why the pattern does not suit it."""


@dataclass(frozen=True)
class PrunedLayer:
    """kept, weights: numbers of weights that are not zero, and of all. skipped: why the pattern was not applied."""

    node: str
    op: str
    weights: int
    kept_before: int
    kept: int
    skipped: str = ""


@dataclass(frozen=True)
class OutputChange:
    """Between the golden outputs of both files: differences, and the share of rows whose largest entry is the same."""

    name: str
    mean: float
    largest: float
    top1_agreement: float


@dataclass(frozen=True)
class Pruned:
    """Where the pruned model lies and what became of it. outputs: empty without samples."""

    path: Path
    pattern: str
    layers: tuple[PrunedLayer, ...]
    outputs: tuple[OutputChange, ...] = ()
    notes: tuple[str, ...] = field(default=())


def prune_model(
    model: Path,
    pattern: str,
    output: Path | None = None,
    calibration: Path | None = None,
    sparsity: Fraction | None = None,
    progress: Progress = silent,
) -> Pruned:
    """Write `model` with the weights set to zero that `pattern` drops: "2:4", "block 16x16" or "unstructured".

    A weight counts by its magnitude; with samples, by its square times the mean square of the input that it multiplies.
    sparsity: share of the weights to drop, where the pattern leaves that open. Raises BadModel and UserError; the output is
    written whole or not at all.
    """
    keep = parse_pattern(pattern, sparsity)
    source = Source(model)
    load_source(source)  # what is no model is refused here, in words
    samples = None if calibration is None else _samples(source, calibration)
    progress("choosing weights")
    file = WeightFile(model)
    if not file.layers:
        raise BadModel.of(
            str(model), "there is nothing to prune", found="no matrix product with constant weights of its own",
            expected="Conv, Gemm or MatMul with constant weights", fix="check the model: hwgen check",
        )  # fmt: skip
    energies = _energies(model, file.layers, samples) if samples else {}
    rows = tuple(_prune(file, layer, keep, energies.get(layer.activations)) for layer in file.layers)
    target = output or model.with_name(f"{model.stem}.{re.sub('[^0-9a-z]+', '-', pattern)}.onnx")
    _save(file, target)
    changes: tuple[OutputChange, ...] = ()
    if calibration is not None:
        progress("comparing the outputs")
        changes = _changes(source, Source(target), calibration)
    return Pruned(target, pattern, rows, changes, file.notes)


def parse_pattern(pattern: str, sparsity: Fraction | None) -> Kept:
    """The rule that a pattern's name stands for; UserError for other names."""
    few = re.fullmatch(r"(\d+):(\d+)", pattern)
    block = re.fullmatch(r"block[ :=]?(\d+)x(\d+)", pattern)
    if few and 0 < int(few[1]) < int(few[2]) <= 16 and sparsity is None:
        return lambda score: _few_of_each(score, int(few[1]), int(few[2]))
    if sparsity is not None and 0 < sparsity < 1:
        if block and int(block[1]) and int(block[2]):
            return lambda score: _best_blocks(score, int(block[1]), int(block[2]), sparsity)
        if pattern == "unstructured":
            return lambda score: _best_blocks(score, 1, 1, sparsity)
    found = f"{pattern}{'' if sparsity is None else f' with --sparsity {float(sparsity):g}'}"
    raise UserError.of(
        "--pattern", "there is no such pattern", found=found,
        expected='N:M with N < M <= 16; or "block RxC" or "unstructured" with --sparsity between 0 and 1',
        fix="--pattern 2:4",
    )  # fmt: skip


def _few_of_each(score: np.ndarray, kept: int, window: int) -> np.ndarray | str:
    """The best `kept` of each `window` neighbouring channels of a tap."""
    if score.shape[2] % window:
        return f"{score.shape[2]} channels are no whole number of windows of {window}"
    windows = score.reshape(*score.shape[:2], -1, window)
    rank = np.argsort(np.argsort(-windows, axis=-1, kind="stable"), axis=-1)
    return (rank < kept).reshape(score.shape)


def _best_blocks(score: np.ndarray, rows: int, columns: int, sparsity: Fraction) -> np.ndarray | str:
    """Whole blocks of `rows` outputs and `columns` channels of a tap: those with the highest sums."""
    outputs, taps, channels = score.shape
    if outputs % rows or channels % columns:
        return f"{outputs} outputs and {channels} channels are no whole number of blocks of {rows}x{columns}"
    blocks = score.reshape(outputs // rows, rows, taps, channels // columns, columns).sum(axis=(1, 4))
    dropped = int(sparsity * blocks.size)
    keep = np.ones(blocks.size, bool)
    keep[np.argsort(blocks, axis=None, kind="stable")[:dropped]] = False
    return np.repeat(np.repeat(keep.reshape(blocks.shape), rows, axis=0), columns, axis=2)


def _prune(file: WeightFile, layer: LayerWeights, keep: Kept, energy: np.ndarray | None) -> PrunedLayer:
    real, before = layer.real, layer.kept
    score = np.abs(real) if energy is None else real**2 * _like(energy, real.shape)
    # A weight that is zero already is the first to go.
    mask = keep(np.where(before, score, -1.0))
    counts = (layer.node, layer.op, before.size, int(before.sum()))
    if isinstance(mask, str):
        return PrunedLayer(*counts, int(before.sum()), mask)
    file.store(layer, layer.without(~mask))
    return PrunedLayer(*counts, int((before & mask).sum()))


def _like(energy: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Mean squares per channel, for weights (outputs, taps, channels of one group)."""
    groups = len(energy) // shape[2]
    if groups <= 1:
        return energy[np.newaxis, np.newaxis, :]
    return np.repeat(energy.reshape(groups, 1, -1), shape[0] // groups, axis=0)


def _samples(source: Source, calibration: Path) -> Samples:
    compiled = compile_model(source)
    inputs = host_boundary(compiled.quantized, compiled.graph).inputs
    return read_samples(calibration, [InputSpec(t.name, t.shape, np.dtype(t.dtype)) for t in inputs])


def _energies(model: Path, layers: Sequence[LayerWeights], samples: Samples) -> dict[str, np.ndarray]:
    """Mean square of each channel of the tensors that the layers multiply."""
    oracle = Oracle.of_file(model)
    kinds = {layer.activations: 1 if layer.op.endswith("Conv") or layer.op == "ConvInteger" else -1 for layer in layers}
    values = oracle.run(samples.arrays, sorted(kinds))
    found = {}
    for name, axis in kinds.items():
        squares = np.moveaxis(values[name].astype(np.float64) ** 2, axis + 1 if axis > 0 else axis, -1)
        found[name] = squares.reshape(-1, squares.shape[-1]).mean(axis=0)
    return found


def _changes(before: Source, after: Source, samples: Path) -> tuple[OutputChange, ...]:
    first, second = (run_golden(source, samples, against="none").outputs for source in (before, after))
    found = []
    for name, values in first.items():
        a, b = values.astype(np.float64), second[name].astype(np.float64)
        rows = (x.reshape(len(x), -1).argmax(axis=1) for x in (a, b))
        agreement = float(np.mean(np.equal(*rows)))
        found.append(OutputChange(name, float(np.abs(a - b).mean()), float(np.abs(a - b).max()), agreement))
    return tuple(found)


def _save(file: WeightFile, target: Path) -> None:
    try:
        file.save(target)
    except OSError as error:
        raise UserError.of(
            str(target), "the pruned model cannot be written", found=error.strerror or error,
            expected="a folder that can be written to", fix="choose another place with -o",
        ) from error  # fmt: skip

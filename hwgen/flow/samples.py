# SPDX-License-Identifier: Apache-2.0
"""Input samples in an npz file: one array per graph input, samples along a new first axis.

An array is named as the input or ``in_<input>``; a lone array serves a model with one input whatever its name.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwgen.errors import UserError


@dataclass(frozen=True)
class InputSpec:
    """A graph input: its name, the shape of one sample (with the model's own batch axis) and its NumPy type."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype


@dataclass(frozen=True, eq=False)
class Samples:
    """arrays: per input name (samples, *shape); notes: what was ignored or adapted, in words for the user."""

    arrays: dict[str, np.ndarray]
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return len(next(iter(self.arrays.values())))


def read_samples(path: Path, inputs: Sequence[InputSpec]) -> Samples:
    """Reads and checks the samples of all `inputs`; UserError where one is missing or does not fit."""
    stored = _load(path)
    chosen, notes = {}, []
    for spec in inputs:
        key = _key_of(path, stored, spec, lone=len(inputs) == 1)
        if key not in (spec.name, f"in_{spec.name}"):
            notes.append(f"{path.name}: array '{key}' is taken for input '{spec.name}'")
        chosen[spec.name] = key
    arrays = {spec.name: _fitted(path, chosen[spec.name], stored[chosen[spec.name]], spec, notes) for spec in inputs}
    ignored = sorted(set(stored) - set(chosen.values()))
    if ignored:
        notes.append(f"{path.name}: ignored {', '.join(ignored)}")
    _check_counts(path, arrays)
    return Samples(arrays, tuple(notes))


def _load(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            if isinstance(file, np.ndarray):
                return {path.stem: file}
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        found = "no such file"
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        found = str(error).splitlines()[0]
    raise UserError.of(
        str(path), "the samples cannot be read",
        found=found, expected="an .npz file of plain arrays",
        fix="write it with numpy.savez('samples.npz', in_<input>=array)",
    )  # fmt: skip


def _key_of(path: Path, stored: Mapping[str, np.ndarray], spec: InputSpec, lone: bool) -> str:
    for key in (spec.name, f"in_{spec.name}"):
        if key in stored:
            return key
    if lone and len(stored) == 1:
        return next(iter(stored))
    raise UserError.of(
        str(path), f"no samples for input '{spec.name}'",
        found=f"the arrays {', '.join(sorted(stored)) or 'of an empty file'}",
        expected=f"an array '{spec.name}' or 'in_{spec.name}'",
        fix=f"name it so: numpy.savez('samples.npz', **{{'in_{spec.name}': array}})",
    )  # fmt: skip


def _fitted(path: Path, key: str, array: np.ndarray, spec: InputSpec, notes: list[str]) -> np.ndarray:
    """`array` with shape (samples, *spec.shape) in the input's type, or a UserError."""
    where = f"array '{key}' of {path}"
    if array.ndim == len(spec.shape) and spec.shape[:1] == (1,) and array.shape[1:] == spec.shape[1:]:
        notes.append(f"{path.name}: array '{key}' has no batch axis of 1; one was added")
        array = array[:, np.newaxis]
    if array.shape[1:] != spec.shape or not len(array):
        raise UserError.of(
            where, f"the samples do not fit input '{spec.name}'",
            found=f"shape {array.shape}", expected=f"shape (samples, {', '.join(map(str, spec.shape))})",
            fix="stack the samples along a new first axis: numpy.stack([sample, ...])",
        )  # fmt: skip
    cast = array.astype(spec.dtype) if array.dtype.kind in "fiub" else np.zeros(0)
    with np.errstate(invalid="ignore"):
        exact = cast.size and (spec.dtype.kind == "f" or np.array_equal(cast, array))
    if not exact or (cast.dtype.kind == "f" and not np.isfinite(cast).all()):
        raise UserError.of(
            where, f"the values do not fit input '{spec.name}'",
            found=f"{array.dtype} values{_range_of(array)}", expected=f"finite values of {spec.dtype}",
            fix="quantize or clip the samples to the input's type",
        )  # fmt: skip
    return cast


def _range_of(array: np.ndarray) -> str:
    if array.dtype.kind not in "fiu":
        return ""
    return f" from {array.min()} to {array.max()}"


def _check_counts(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    counts = {name: len(array) for name, array in arrays.items()}
    if len(set(counts.values())) > 1:
        raise UserError.of(
            str(path), "the inputs have different numbers of samples",
            found=", ".join(f"{name}: {count}" for name, count in counts.items()),
            expected="as many samples for each input", fix="cut them to the same number",
        )  # fmt: skip

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hwgen.errors import UserError
from hwgen.flow.samples import InputSpec, read_samples

IMAGE = InputSpec("image", (1, 3), np.dtype(np.float32))
CODES = InputSpec("codes", (1, 2), np.dtype(np.int8))


def _saved(folder: Path, **arrays: np.ndarray) -> Path:
    np.savez(folder / "x.npz", **arrays)
    return folder / "x.npz"


def test_an_array_is_found_by_the_name_of_its_input_with_or_without_prefix(tmp_path: Path) -> None:
    path = _saved(tmp_path, image=np.zeros((4, 1, 3)), in_codes=np.ones((4, 1, 2)))
    samples = read_samples(path, [IMAGE, CODES])
    assert samples.count == 4 and samples.arrays["codes"].dtype == np.int8 and samples.notes == ()


def test_a_lone_array_serves_a_model_with_one_input(tmp_path: Path) -> None:
    samples = read_samples(_saved(tmp_path, x=np.zeros((2, 1, 3))), [IMAGE])
    assert samples.notes == ("x.npz: array 'x' is taken for input 'image'",)


def test_other_arrays_are_ignored_with_a_note(tmp_path: Path) -> None:
    samples = read_samples(_saved(tmp_path, image=np.zeros((2, 1, 3)), labels=np.zeros(2)), [IMAGE])
    assert samples.notes == ("x.npz: ignored labels",)


def test_a_missing_batch_axis_is_added_with_a_note(tmp_path: Path) -> None:
    samples = read_samples(_saved(tmp_path, image=np.zeros((5, 3))), [IMAGE])
    assert samples.arrays["image"].shape == (5, 1, 3)
    assert samples.notes == ("x.npz: array 'image' has no batch axis of 1; one was added",)


@pytest.mark.parametrize(
    ("arrays", "inputs", "message"),
    [
        ({"a": np.zeros((2, 1, 3)), "b": np.zeros(2)}, [IMAGE], "no samples for input 'image'"),
        ({"image": np.zeros((2, 1, 4))}, [IMAGE], "expected: shape (samples, 1, 3)"),
        ({"image": np.zeros((0, 1, 3))}, [IMAGE], "found:    shape (0, 1, 3)"),
        ({"image": np.full((2, 1, 3), np.nan)}, [IMAGE], "expected: finite values of float32"),
        ({"codes": np.full((2, 1, 2), 128)}, [CODES], "found:    int64 values from 128 to 128"),
        ({"codes": np.full((2, 1, 2), 0.5)}, [CODES], "expected: finite values of int8"),
        ({"image": np.zeros((2, 1, 3)), "codes": np.zeros((3, 1, 2))}, [IMAGE, CODES], "image: 2, codes: 3"),
    ],
)
def test_samples_that_do_not_fit_are_refused(tmp_path: Path, arrays: dict, inputs: list, message: str) -> None:
    with pytest.raises(UserError) as error:
        read_samples(_saved(tmp_path, **arrays), inputs)
    assert message in str(error.value)


@pytest.mark.parametrize("content", [None, b"", b"not a zip file", b"PK\x03\x04 cut"])
def test_a_file_that_is_not_an_npz_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(UserError, match="the samples cannot be read"):
        read_samples(tmp_path / "x.npz", [IMAGE])

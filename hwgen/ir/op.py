# SPDX-License-Identifier: Apache-2.0
"""What a node computes. Every field of an Op can change an output bit, and nothing else is a field of an Op."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from hwgen.numerics.range import IntRange

if TYPE_CHECKING:
    from hwgen.ir.graph import Node


@dataclass(frozen=True)
class TensorType:
    """Shape in ONNX axes (the batch axis, if the model has one, is 1 and kept) and the range of every element."""

    shape: tuple[int, ...]
    range: IntRange

    @property
    def size(self) -> int:
        size = 1
        for extent in self.shape:
            size *= extent
        return size

    def __str__(self) -> str:
        return f"{'x'.join(map(str, self.shape)) or 'scalar'} {self.range}"


@dataclass(frozen=True)
class Op:
    """Base of all operators: frozen parameters, a type rule and a golden model.

    Subclasses live in ``hwgen/kernels/<family>/op.py`` and may not import Amaranth.
    """

    def infer(self, *src: Node) -> TensorType:
        """The exact type of the result. Raises ValueError when the sources do not fit together."""
        raise NotImplementedError

    def golden(self, *values: np.ndarray) -> np.ndarray:
        """The result for a batch: each value has shape ``(samples, *type.shape)``; constants have 1 sample."""
        raise NotImplementedError

    def macs(self, *src: Node) -> int:
        """Multiply-accumulates of one frame, counted as the field does: padding included, bias and rounding not."""
        return 0

    @property
    def name(self) -> str:
        return type(self).__name__

    def parameters(self) -> dict[str, object]:
        """The fields by name, for the text form, the report and the manifest."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

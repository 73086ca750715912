# SPDX-License-Identifier: Apache-2.0
"""Window: the im2col stream in front of convolutions, pools, pads and crops."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.op import Op, TensorType
from hwgen.numerics.range import IntRange


@dataclass(frozen=True)
class Window(Op):
    """Every position of a sliding window over ``(1, C, *spatial)`` as one column of C * taps values.

    Result: ``(1, C * taps, *out)``; row ``c * taps + t`` of the channel axis is tap t (row-major over the kernel) of
    channel c, the order of an ONNX Conv weight. Places outside of the tensor hold `fill`: the input's zero point under
    a convolution, the smallest code under a maximum.

    kernel, strides, dilations: one per spatial axis. pads: (begin, end) per spatial axis; negative pads crop.
    """

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]
    fill: int

    @property
    def taps(self) -> int:
        return prod(self.kernel)

    def out_spatial(self, spatial: tuple[int, ...]) -> tuple[int, ...]:
        """Positions of the window per spatial axis."""
        spans = (d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilations, strict=True))
        return tuple(
            (size + begin + end - span) // stride + 1
            for size, (begin, end), span, stride in zip(spatial, self.pads, spans, self.strides, strict=True)
        )

    def infer(self, *src: Node) -> TensorType:
        (x,) = (s.type for s in src)
        if len(x.shape) != 2 + len(self.kernel) or x.shape[0] != 1:
            raise ValueError(f"Window over {len(self.kernel)} axes needs (1, C, *spatial), not {x.shape}")
        out = self.out_spatial(x.shape[2:])
        if min(out) < 1:
            raise ValueError(f"Window {self.kernel} has no position in {x.shape}")
        padded = any(begin > 0 or end > 0 for begin, end in self.pads)
        values = x.range.union(IntRange(self.fill, self.fill)) if padded else x.range
        return TensorType((1, x.shape[1] * self.taps, *out), values)

    def golden(self, *values: np.ndarray) -> np.ndarray:
        (x,) = values
        rank = len(self.kernel)
        crop = tuple(slice(max(0, -b), x.shape[3 + k] - max(0, -e)) for k, (b, e) in enumerate(self.pads))
        x = x[(slice(None),) * 3 + crop]
        grow = tuple((max(0, b), max(0, e)) for b, e in self.pads)
        dtype = IntRange(min(int(x.min(initial=0)), self.fill), max(int(x.max(initial=0)), self.fill)).dtype
        x = np.pad(x.astype(dtype, copy=False), ((0, 0),) * 3 + grow, constant_values=self.fill)
        spans = tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilations, strict=True))
        view = np.lib.stride_tricks.sliding_window_view(x, spans, axis=tuple(range(3, 3 + rank)))
        view = view[(slice(None),) * 3 + tuple(slice(None, None, s) for s in self.strides)]
        view = view[(slice(None),) * (3 + rank) + tuple(slice(None, None, d) for d in self.dilations)]
        columns = np.moveaxis(view, range(3 + rank, 3 + 2 * rank), range(3, 3 + rank))
        samples, _, channels = columns.shape[:3]
        return columns.reshape(samples, 1, channels * self.taps, *columns.shape[3 + rank :])

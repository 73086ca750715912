# SPDX-License-Identifier: Apache-2.0
"""The taps of one axis in the form the hardware walks: one or two neighbours that always exist."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from hwgen.errors import UnsupportedOp
from hwgen.ir.graph import Node
from hwgen.kernels.resize.op import Interpolate, Taps


@dataclass(frozen=True)
class Axis:
    """Result p is ``near[p] * x[first[p]] + far[p] * x[first[p] + 1]``, or ``denominator * x[first[p]]`` with one tap.

    Unlike in `Taps`, first[p] + 1 is inside the axis wherever there are two taps.
    """

    extent: int
    taps: int
    first: tuple[int, ...]
    near: tuple[int, ...]
    far: tuple[int, ...]
    denominator: int

    @classmethod
    def of(cls, taps: Taps, extent: int) -> Axis:
        """Moves a clamped position one back, so that its neighbour exists; the weights follow."""
        if extent == 1 or not any(taps.far):
            return cls(extent, 1, taps.first, taps.near, taps.far, taps.denominator)
        clamped = [first == extent - 1 for first in taps.first]
        return cls(
            extent,
            2,
            tuple(first - c for first, c in zip(taps.first, clamped, strict=True)),
            tuple(0 if c else near for near, c in zip(taps.near, clamped, strict=True)),
            tuple(taps.denominator if c else far for far, c in zip(taps.far, clamped, strict=True)),
            taps.denominator,
        )

    def needed(self, p: int) -> int:
        """The last source position that result p reads."""
        return self.first[p] + self.taps - 1

    def advance(self, p: int) -> int:
        """Source positions that are done with after result p; after the last one, up to the next frame's first."""
        return (
            self.first[p + 1] - self.first[p]
            if p + 1 < len(self.first)
            else self.extent + self.first[0] - self.first[-1]
        )

    def released_by(self, position: int) -> int:
        """The result after which source `position` is done with; -1 where no result of this frame needs to be waited for.

        position: below 0 it counts into the frames before, and so does the result.
        """
        frame, inside = divmod(position, self.extent)
        return frame * len(self.first) + bisect_right(self.first, inside) - 1


def axes_of(node: Node) -> tuple[Axis, Axis]:
    """(rows, columns) of an image; of a signal its positions as rows of one column."""
    op: Interpolate = node.op  # type: ignore[assignment]
    if len(op.axes) > 2:
        raise UnsupportedOp.of(
            f"Interpolate '{node.name}'", "hardware resizes signals and images only",
            found=f"{len(op.axes)} spatial axes", expected="1 or 2", fix="resize one plane at a time",
        )  # fmt: skip
    axes = [Axis.of(taps, extent) for taps, extent in zip(op.axes, node.src[0].type.shape[2:], strict=True)]
    return axes[0], axes[1] if len(axes) == 2 else Axis(1, 1, (0,), (1,), (0,), 1)

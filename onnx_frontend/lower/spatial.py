# SPDX-License-Identifier: Apache-2.0
"""Kernels, strides, dilations and pads of convolutions and pools, with the defaults of the standard filled in."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.quant_graph import QuantNode

MOST_AXES = 2


@dataclass(frozen=True)
class Spatial:
    """One entry per spatial axis. pads: (begin, end) as the file says; grown: what a ceil_mode adds at the end."""

    size: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]
    grown: tuple[int, ...]

    @property
    def window_pads(self) -> tuple[tuple[int, int], ...]:
        """Pads with the ceil_mode rest."""
        return tuple((begin, end + more) for (begin, end), more in zip(self.pads, self.grown, strict=True))

    @property
    def is_pointwise(self) -> bool:
        """Whether each position sees itself only."""
        return (
            set(self.kernel) == {1}
            and set(self.strides) == {1}
            and not any(end for pair in self.window_pads for end in pair)
        )

    @property
    def covers_all(self) -> bool:
        """Whether there is one position, which sees every element."""
        return (
            self.kernel == self.size and set(self.dilations) == {1} and not any(e for p in self.window_pads for e in p)
        )

    def counts(self, padding_counts: bool) -> list[list[int]]:
        """Per axis and output position: how many taps an average divides by."""
        result = []
        for k, (begin, end) in enumerate(self.pads):
            first, last = (-begin, self.size[k] + end) if padding_counts else (0, self.size[k])
            span = self.dilations[k] * (self.kernel[k] - 1) + 1
            room = self.size[k] + begin + end + self.grown[k] - span
            starts = range(-begin, room - begin + 1, self.strides[k])
            taps = [range(s, s + span, self.dilations[k]) for s in starts]
            result.append([sum(first <= t < last for t in run) for run in taps])
        return result


def spatial(
    lowering: Lowering, node: QuantNode, kernel: tuple[int, ...] | None = None, most_axes: int = MOST_AXES
) -> Spatial:
    """The geometry of a Conv, MaxPool or AveragePool; kernel: shape of the weights where the attribute may be absent."""
    shape = lowering.shape(node.inputs[0])
    size = shape[2:]
    if not 1 <= len(size) <= most_axes or shape[0] != 1:
        raise lowering.graph.refuse(
            node,
            "this shape of input is not supported",
            found=f"{list(shape)}",
            expected="(1, C, L) or (1, C, H, W): one frame, one or two spatial axes",
            fix="export the model with batch 1" if shape[0] != 1 else "there is no convolution over volumes",
        )
    rank = len(size)
    ones = (1,) * rank
    kernel = _ints(node, "kernel_shape", kernel or ones)
    strides, dilations = _ints(node, "strides", ones), _ints(node, "dilations", ones)
    spans = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True))
    flat = _ints(node, "pads", (0,) * (2 * rank))
    pads = tuple(zip(flat[:rank], flat[rank:], strict=True))
    auto = str(node.attributes.get("auto_pad", "NOTSET"))
    if auto.startswith("SAME"):
        pads = tuple(_same(n, span, s, auto) for n, span, s in zip(size, spans, strides, strict=True))
    elif auto == "VALID":
        pads = ((0, 0),) * rank
    out = lowering.shape(node.output)[2:]
    grown = tuple(
        max(0, (o - 1) * s + span - (n + begin + end))
        for o, s, span, n, (begin, end) in zip(out, strides, spans, size, pads, strict=True)
    )
    return Spatial(size, kernel, strides, dilations, pads, grown)


def _ints(node: QuantNode, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(v) for v in node.attributes.get(name, default))


def _same(size: int, span: int, stride: int, auto: str) -> tuple[int, int]:
    """auto_pad SAME_UPPER (the odd one at the end) or SAME_LOWER (at the beginning)."""
    total = max(0, (ceil(size / stride) - 1) * stride + span - size)
    small = total // 2
    return (small, total - small) if auto == "SAME_UPPER" else (total - small, small)

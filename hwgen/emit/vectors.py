# SPDX-License-Identifier: Apache-2.0
"""Frames of codes as the words of a stream, and back: the files that the bench plays and compares with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hwgen.encodings.twos_complement.code import decode, encode
from hwgen.ir.order import Order


@dataclass(frozen=True)
class StreamMap:
    """Which bit of a stream means what; all of it stands in the manifest.

    name: the port or node. graph_name: the graph's name of a port. prefix: of a port's signals; both "" for an inner
    stream. lane_bits: bits a lane takes, of which the low `bits` hold the code and the rest repeat its sign (zeros if
    unsigned). order: of the elements of `shape`.
    """

    name: str
    graph_name: str
    direction: str
    prefix: str
    lanes: int
    bits: int
    lane_bits: int
    signed: bool
    shape: tuple[int, ...]
    order: Order

    @classmethod
    def of_manifest(cls, entry: Mapping[str, Any]) -> StreamMap:
        """From an entry of ``ports`` or ``taps``."""
        return cls(
            entry["name"], entry.get("graph_name", ""), entry.get("direction", ""), entry.get("prefix", ""),
            entry["lanes"], entry["bits"], entry.get("lane_bits", entry["bits"]), entry["signed"], tuple(entry["shape"]),
            Order(tuple((count, stride) for count, stride in entry["order"])),
        )  # fmt: skip

    @cached_property
    def size(self) -> int:
        """Elements a frame."""
        return self.order.size

    @property
    def beats(self) -> int:
        """Beats a frame."""
        return self.size // self.lanes

    @property
    def width(self) -> int:
        """Bits a beat."""
        return self.lanes * self.lane_bits

    def words(self, frames: np.ndarray) -> list[int]:
        """The beats of `frames`, shape (frames, *shape)."""
        return encode(frames.reshape(len(frames), -1)[:, self.order.indices].reshape(-1, self.lanes), self.lane_bits)

    def hex_file(self, frames: np.ndarray) -> bytes:
        """`words` as a $readmemh file."""
        digits = -(-self.width // 4)
        return "".join(f"{word:0{digits}x}\n" for word in self.words(frames)).encode()

    def codes(self, words: Sequence[int]) -> np.ndarray:
        """The codes of some beats in stream order, shape (beats, lanes)."""
        return decode(list(words), self.lane_bits, self.lanes, self.signed)

    def index(self, beat: int, lane: int) -> tuple[int, ...]:
        """Where in `shape` an element of a frame belongs."""
        return tuple(int(k) for k in np.unravel_index(self.order.indices[beat * self.lanes + lane], self.shape))


def ports_of(manifest: Mapping[str, Any]) -> tuple[StreamMap, ...]:
    """The ports of a design, in the order in which the bench numbers them."""
    return tuple(StreamMap.of_manifest(entry) for entry in manifest["ports"])


def make_vectors(
    ports: Sequence[StreamMap], inputs: Mapping[str, np.ndarray], outputs: Mapping[str, np.ndarray]
) -> dict[str, bytes]:
    """One file a port, by its prefix. inputs, outputs: by the graph's names; shape (samples, *shape)."""
    frames = {"in": inputs, "out": outputs}
    return {f"{port.prefix}.hex": port.hex_file(frames[port.direction][port.graph_name]) for port in ports}

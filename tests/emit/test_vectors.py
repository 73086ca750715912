# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from hwgen.emit.vectors import StreamMap
from hwgen.ir.order import Order

SHAPE = (1, 3, 2, 2)


def stream(lanes: int, bits: int = 5, lane_bits: int = 8) -> StreamMap:
    return StreamMap("y", "y", "out", "m_axis", lanes, bits, lane_bits, True, SHAPE, Order.channels_last(SHAPE))


def test_lanes_are_sign_extended_to_bytes_lane_0_low_channels_last() -> None:
    frame = np.arange(-6, 6).reshape(1, *SHAPE)
    assert stream(3).hex_file(frame).decode().split()[0] == "02fefa"  # channels 2, 1, 0 of pixel (0, 0)


def test_codes_are_the_inverse_of_words_with_and_without_padding() -> None:
    frames = np.random.default_rng(0).integers(-16, 16, (2, *SHAPE))
    for lanes, lane_bits in ((1, 8), (3, 8), (6, 5), (12, 5)):
        one = stream(lanes, lane_bits=lane_bits)
        codes = one.codes(one.words(frames))
        assert np.array_equal(codes.reshape(2, -1), frames.reshape(2, -1)[:, one.order.indices])


def test_index_says_which_element_a_lane_carries() -> None:
    one, frame = stream(3), np.arange(12).reshape(1, *SHAPE)
    codes = one.codes(one.words(frame))
    assert all(codes[beat, lane] == frame[0][one.index(beat, lane)] for beat in range(4) for lane in range(3))


def test_manifest_entries_without_padding_are_inner_streams() -> None:
    entry = {"name": "dense", "lanes": 2, "bits": 11, "signed": False, "shape": [1, 4], "order": [[4, 1]], "beats": 2}
    inner = StreamMap.of_manifest(entry)
    assert (inner.width, inner.beats, inner.prefix) == (22, 2, "")

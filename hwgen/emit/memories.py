# SPDX-License-Identifier: Apache-2.0
"""Memory contents as $readmemh files."""

from __future__ import annotations

from hwgen.encodings.twos_complement.code import encode
from hwgen.kernels.base import MemoryImage


def hex_file(image: MemoryImage) -> bytes:
    """One word a line, most significant digit first."""
    digits = -(-image.width // 4)
    return "".join(f"{word:0{digits}x}\n" for word in encode(image.values, image.bits)).encode()

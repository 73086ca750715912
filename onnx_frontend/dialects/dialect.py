# SPDX-License-Identifier: Apache-2.0
"""What the file of a dialect tells about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import onnx_ir as ir

from onnx_frontend.dialects.builder import Builder, Reader

InputReader = Callable[[Builder, ir.Value], None]


@dataclass(frozen=True)
class Dialect:
    """A way to write quantized networks: the ``DIALECT`` of a file in this folder.

    readers: of its own operators, by domain ("" for the standard) and name. read_input: of graph inputs. owns: whether a
    model is written in this dialect alone, so that no other one reads any of it; then `read` takes every node.
    refines: whether its readers stand in front of those that another dialect has for the same operators.
    """

    readers: Mapping[tuple[str, str], Reader] = field(default_factory=dict)
    read_input: InputReader | None = None
    owns: Callable[[ir.Model], bool] | None = None
    read: Reader | None = None
    refines: bool = False

# SPDX-License-Identifier: Apache-2.0
"""From a normalized ONNX model of any dialect to a QuantGraph.

A dialect is a file in ``dialects/`` with a ``DIALECT``; a model may mix dialects, unless one owns it.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import onnx_ir as ir

from hwgen.errors import Blocker, UnsupportedOp
from onnx_frontend import dialects
from onnx_frontend.dialects.builder import Builder, read_plain
from onnx_frontend.dialects.dialect import Dialect
from onnx_frontend.propagate import STANDARD
from onnx_frontend.quant_graph import QuantGraph


def _find_dialects() -> tuple[Dialect, ...]:
    modules = (import_module(f"{dialects.__name__}.{found.name}") for found in iter_modules(dialects.__path__))
    found = (module.DIALECT for module in modules if hasattr(module, "DIALECT"))
    return tuple(sorted(found, key=lambda dialect: dialect.refines))


DIALECTS = _find_dialects()


def read_quantization(model: ir.Model) -> QuantGraph:
    """Read a normalized model. Raises `UnsupportedOp` with every place where the quantization cannot be read."""
    quantized, blockers = read_leniently(model)
    if blockers:
        raise UnsupportedOp(*blockers)
    return quantized


def read_leniently(model: ir.Model) -> tuple[QuantGraph, tuple[Blocker, ...]]:
    """The same with the blockers given back: what lies behind them is read as if it were quantized."""
    builder = Builder(model)
    owner = next((dialect for dialect in DIALECTS if dialect.owns is not None and dialect.owns(model)), None)
    spoken = (owner,) if owner else tuple(dialect for dialect in DIALECTS if dialect.owns is None)
    readers = {key: reader for dialect in spoken for key, reader in dialect.readers.items()}
    for value in model.graph.inputs:
        for dialect in spoken:
            if dialect.read_input is not None:
                dialect.read_input(builder, value)
    for node in model.graph:
        domain = "" if node.domain in STANDARD else node.domain
        every = owner.read if owner is not None else None
        (every or readers.get((domain, node.op_type), read_plain))(builder, node)
    return builder.finish(), tuple(builder.blockers)

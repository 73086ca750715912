# SPDX-License-Identifier: Apache-2.0
"""A model with static shapes, in which everything that is known at compile time is a constant."""

from __future__ import annotations

from collections.abc import Mapping

import onnx_ir as ir
from onnx_ir.passes.common import InlinePass

from hwgen.errors import BadModel
from onnx_frontend.batch import frames_of_one
from onnx_frontend.propagate import propagate

Shapes = Mapping[str, tuple[int, ...]]


def normalize(model: ir.Model, shapes: Shapes | None = None) -> ir.Model:
    """The same function with static shapes, inlined functions, folded constants and no Identity or Cast noise.

    shapes: per graph input its full shape, for inputs with symbolic axes other than the batch (axis 0, which becomes
    1). A model exported for a fixed batch becomes a model for one frame where its operators allow that. Names of
    nodes and tensors stay; the given model is not touched. Raises `BadModel`.
    """
    inlined = _inline(model)
    fixed = input_shapes(inlined, shapes or {})
    return frames_of_one(inlined, fixed) or propagate(inlined, fixed)


def input_shapes(model: ir.Model, shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """The static shape of every graph input that is not an initializer."""
    file = model.meta.get("file", "the model")
    real = [value for value in model.graph.inputs if value.name not in model.graph.initializers]
    if not real:
        raise _bad(file, "the model has no input", "only constants", "at least one graph input", "export it again")
    names = [value.name for value in real]
    for name in shapes:
        if name not in names:
            raise _bad(file, f"no input is called '{name}'", name, f"one of {names}", "correct the name in --shape")
    known: dict[str, int] = {}
    for value in real:
        if value.name in shapes and value.shape is not None:
            known |= {
                str(d.value): s for d, s in zip(value.shape, shapes[value.name], strict=False) if not isinstance(d, int)
            }
    return {value.name: _fix(value, shapes.get(value.name), known, file) for value in real}


def _fix(value: ir.Value, given: tuple[int, ...] | None, known: dict[str, int], file: str) -> tuple[int, ...]:
    where = f"input '{value.name}' of {file}"
    if value.shape is None:
        if given is None:
            advice = f"give its shape: --shape {value.name}=1,..."
            raise _bad(where, "the shape is unknown", "no shape in the file", "a static shape", advice)
        return given
    dims = [d if isinstance(d, int) else d.value for d in value.shape]
    if given is not None:
        clash = len(given) != len(dims) or any(isinstance(d, int) and d != g for d, g in zip(dims, given, strict=True))
        if clash:
            raise _bad(where, "--shape contradicts the model", list(given), dims, "give a shape that fits the model")
        return given
    fixed = [
        d if isinstance(d, int) and d >= 0 else known.get(str(d), 1 if k == 0 else None) for k, d in enumerate(dims)
    ]
    if None in fixed:
        example = ",".join(str(d) if d is not None else "?" for d in fixed)
        expected = "static shapes (a symbolic batch axis 0 becomes 1)"
        raise _bad(
            where,
            "an axis has no fixed size",
            dims,
            expected,
            f"fix it: --shape {value.name}={example} with a number for each ?",
        )
    if 0 in fixed:
        raise _bad(where, "an axis has no elements", dims, "sizes of 1 or more", "export the model with real sizes")
    return tuple(fixed)


def _inline(model: ir.Model) -> ir.Model:
    if not model.functions:
        return model
    copy = ir.from_proto(ir.to_proto(model))
    for old, new in zip(model.graph, copy.graph, strict=True):
        new.meta.update(old.meta)
    result = InlinePass()(copy).model
    result.meta.update(model.meta)
    return result


def _bad(where: str, what: str, found: object, expected: object, fix: str) -> BadModel:
    return BadModel.of(where, what, found=found, expected=expected, fix=fix)

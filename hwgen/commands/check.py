# SPDX-License-Identifier: Apache-2.0
"""``hwgen check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwgen.commands.answer import console, print_json, progress, table
from hwgen.commands.options import AsJson, From, Model, NormError, Shape, To, parse_norm_error, parse_shapes
from hwgen.reports import numbers
from hwgen.targets import Target

if TYPE_CHECKING:
    from hwgen.flow.check_model import EdgeTensor, ModelCheck


def check(
    model: Model,
    shape: Shape = None,
    start: From = None,
    stop: To = None,
    norm_error: NormError = None,
    as_json: AsJson = False,
) -> None:
    """Say what is in a model and which targets it fits, or everything that stands in the way."""
    from hwgen import api

    with progress() as say:
        found = api.check(
            model, shapes=parse_shapes(shape), start=start, stop=stop, norm_error=parse_norm_error(norm_error),
            progress=say,
        )  # fmt: skip
    if as_json:
        print_json(found.to_json())
    else:
        _show(found)


def _show(found: ModelCheck) -> None:
    print(f"{found.name}: can be built")
    print(f"  operators    {', '.join(f'{count} {op}' for op, count in found.operators.items())}")
    print(f"  parameters   {numbers.count(found.parameters)}, weights of {_bits(found.weight_bits)} bits")
    print(f"  work         {numbers.count(found.macs)} multiply-accumulates a frame")
    print(f"  activations  {_bits(found.activation_bits)} bits")
    for direction, tensors in (("in", found.inputs), ("out", found.outputs)):
        for tensor in tensors:
            print(f"  {direction:<12} {_tensor(tensor)}")
    print(f"  on the host  {', '.join(found.host) or 'nothing'}\n")
    rows = table("target", "fits", "frames a second", "at MHz", "cycles a frame", "LUT", "DSP", "RAM", "what binds")
    for e in found.targets:
        speed = (
            (numbers.rate(e.fps), f"{Target.named(e.target).clock_mhz:g}", numbers.count(e.interval))
            if e.fits
            else ("–", "–", "–")
        )
        used = f"{e.binds} ({numbers.percent(e.used)})" if e.used else e.binds
        area = (numbers.count(n) for n in (e.area.luts, e.area.dsps, e.area.brams))
        rows.add_row(e.target, "yes" if e.fits else "no", *speed, *area, used)
    console().print(rows)
    print("\nAn estimate without queues; hwgen build plans exactly.")
    _show_sparsity(found)


def _show_sparsity(found: ModelCheck) -> None:
    """The layers with zeros that some hardware could skip."""
    sparse = [row for row in found.sparsity if row.savings]
    if not sparse:
        return
    rows = table("\nlayer", "\nweights", "\nzero", "\npattern", "multiplications\nleft", "weight bits\nleft")
    for row in sparse:
        for k, s in enumerate(row.savings):
            head = (
                (row.node, numbers.count(row.weights), numbers.percent(row.zeros / row.weights)) if not k else ("",) * 3
            )
            rows.add_row(*head, s.pattern, numbers.percent(float(s.cycles)), numbers.percent(float(s.bits)))
    print()
    console().print(rows)


def _bits(counts: dict[int, int]) -> str:
    return ", ".join(str(bits) for bits in counts) or "no"


def _tensor(tensor: EdgeTensor) -> str:
    return f"{tensor.name}: {'x'.join(map(str, tensor.shape))}, {'signed' if tensor.signed else 'unsigned'} {tensor.bits} bits"

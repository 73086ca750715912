# SPDX-License-Identifier: Apache-2.0
"""One measured design, and how rows of them read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol

COLUMNS: Mapping[str, str] = {
    "name": "design", "family": "family", "comb": "COMB", "luts": "LUT", "carry4": "CARRY4", "ffs": "FF", "dsps": "DSP", "brams": "RAM",
    "fmax_mhz": "MHz", "initiation_interval": "II", "first_out": "first out", "latency": "latency", "exact": "exact",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What a design takes and does. None: not measured, or the family has no such thing.

    comb: TRELLIS_COMB of ECP5 after packing. luts: LUT cells of Xilinx, as logic, RAM and shift register. brams: blocks of
    18 kbit. fmax_mhz: median of the `seeds`. initiation_interval, first_out, latency: cycles, seen in simulation of the
    same Verilog. exact: every value of that simulation equal to the golden model, every cycle as predicted.
    peer: the same figures of another tool for the same work, and its name; empty where there is none.
    """

    COLUMNS: ClassVar[Mapping[str, str]] = COLUMNS
    name: str
    family: str
    comb: int | None
    luts: int | None
    carry4: int | None
    ffs: int
    dsps: int
    brams: int
    fmax_mhz: float | None
    initiation_interval: int | None
    first_out: int | None
    latency: int | None
    exact: bool | None
    seeds: tuple[int, ...]
    peer: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "seeds": list(self.seeds)}


class AnyRow(Protocol):
    """A row of some comparison. COLUMNS: the heads of its columns by their keys in JSON."""

    COLUMNS: ClassVar[Mapping[str, str]]

    @property
    def peer(self) -> Mapping[str, Any]: ...
    @property
    def exact(self) -> bool | None: ...
    def to_json(self) -> dict[str, Any]: ...


def markdown(rows: Sequence[AnyRow]) -> str:
    """A table, each row above its peer's."""
    heads = rows[0].COLUMNS if rows else COLUMNS
    lines = [f"| {' | '.join(heads.values())} |", "|---|---" + "|---:" * (len(heads) - 3) + "|---|"]
    for row in rows:
        lines.append(_line(row.to_json(), heads))
        if row.peer:
            lines.append(
                _line({**row.to_json(), **dict.fromkeys(heads), "family": row.to_json()["family"], **row.peer}, heads)
            )
    return "\n".join(lines) + "\n"


def _line(figures: Mapping[str, Any], heads: Mapping[str, str]) -> str:
    return f"| {' | '.join(_cell(figures.get(key)) for key in heads)} |"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)

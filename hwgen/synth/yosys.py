# SPDX-License-Identifier: Apache-2.0
"""Synthesis with Yosys: from Verilog files to the cells of a family.

The design is flattened and optimized as a whole. Before that every cell learns which instance of the top module it
lies in, so that the cells of the result can be counted by instance.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwgen.synth.cells import mapped_family
from hwgen.synth.ecp5.output_registers import use_output_registers
from hwgen.synth.netlist import GLUE, PART_MARK, Module
from hwgen.synth.outline import Outline, relative_paths
from hwgen.synth.pin_harness import HARNESS, INSTANCE
from hwgen.tools.cache import cached
from hwgen.tools.yosys import find_yosys, run_yosys

_CELLS = {
    "ecp5": "+/lattice/cells_sim_ecp5.v +/lattice/cells_bb_ecp5.v",
    "xc7": "+/xilinx/cells_sim.v +/xilinx/cells_xtra.v",
    "xcup": "+/xilinx/cells_sim.v +/xilinx/cells_xtra.v",
}
"""Models of the primitives of families that have files of their own in place of some of hwgen/hdl/verilog."""
_SYNTH = {
    "ecp5": "synth_ecp5",
    "ice40": "synth_ice40 -dsp",
    "gowin": "synth_gowin -noiopads",
    "xc7": "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf",
    "xcup": "synth_xilinx -family xcup -flatten -noiopad -noclkbuf",
}
_GOWIN_PADS = "iopadmap -bits -inpad IBUF O:I -outpad OBUF I:O -toutpad TBUF ~OEN:I:O -tinoutpad IOBUF ~OEN:O:I:IO"
_RESULT = "mapped.json.gz"
_LITERAL = re.compile(r'"([^"\n]+)"')


@dataclass(frozen=True, eq=False)
class Synthesized:
    """A design mapped to the cells of a family.

    design: the module that was asked for, flattened. parts: its instances. netlist: JSON of the whole for nextpnr; with
    a harness, the cells of the design are called `dut.` and their name in it. log: of Yosys.
    """

    design: Module
    parts: tuple[str, ...]
    netlist: str
    log: str


def synthesize_cells(
    files: Sequence[Path],
    top: str,
    outline: Outline,
    family: str,
    cwd: Path,
    *,
    harness: str | None = None,
    deadline_seconds: float | None = None,
) -> Synthesized:
    """Map the module `top` of the Verilog `files` to the cells of `family`, unless the cache has that already.

    outline: of `top`. cwd: the folder that paths of memory files in the Verilog are relative to. harness: text of a
    module `HARNESS` around `top`. Errors: ToolFailed with the end of Yosys' log, UserError at the deadline.
    """
    family, cwd = mapped_family(family), cwd.resolve()
    sources = [Path(file).resolve() for file in files]

    def make(folder: Path) -> None:
        result = _run(sources, top, outline, family, cwd, harness, deadline_seconds)
        (folder / _RESULT).write_bytes(gzip.compress(json.dumps(result).encode(), 5))

    key = _key(sources, top, family, cwd, harness)
    mapped = json.loads(gzip.decompress((cached("mapped", key, make) / _RESULT).read_bytes()))
    return Synthesized(mapped["design"], outline.instances, mapped["netlist"], mapped["log"])


def _key(sources: Sequence[Path], top: str, family: str, cwd: Path, harness: str | None) -> str:
    """A digest of all that a synthesis depends on: the build, the script, the texts, and the files that they name."""
    texts = [path.read_text() for path in [*sources, *_own_files(family)]]
    named = sorted({cwd / name for text in texts for name in _LITERAL.findall(text)})
    contents = [f"{path.name}\0{path.read_text()}" for path in named if path.is_file()]
    own = (_SYNTH[family], Path(__file__).read_text(), str(find_yosys()), top, harness or "")
    return hashlib.sha256("\0".join([*own, *texts, *contents]).encode()).hexdigest()


def _own_files(family: str) -> list[Path]:
    """Verilog files that take the place of those of the same name in `hwgen/hdl/verilog`."""
    return sorted((Path(__file__).parent / family).glob("hwgen_*.v"))


def _run(
    sources: list[Path],
    top: str,
    outline: Outline,
    family: str,
    cwd: Path,
    harness: str | None,
    deadline_seconds: float | None,
) -> dict[str, Any]:
    """The design, the netlist for nextpnr (as text) and the log."""
    with tempfile.TemporaryDirectory(prefix="hwgen-") as name:
        folder = Path(name).resolve()
        root = top
        if harness is not None:
            (folder / "harness.v").write_text(harness)
            sources = [*sources, folder / "harness.v"]
            root = HARNESS
        design = top if harness is None else f"{HARNESS}.{INSTANCE}"
        script = [
            *_read(sources, family, root, cwd),
            "setattr -unset src",
            *(_mark(part, [f"{design}.{part}", f"{design}.{part}.*"]) for part in outline.instances),
            _mark(GLUE, [design]),
            f"{_SYNTH[family]} -top {root}",
            *_write(folder, family, root, design, cwd),
        ]
        log = run_yosys(script, cwd=cwd, deadline_seconds=deadline_seconds)
        module = json.loads((folder / "design.json").read_text())["modules"][design]
        netlist = json.loads((folder / "netlist.json").read_text())
    if family == "ecp5":
        module = use_output_registers(module)
        netlist["modules"][root] = use_output_registers(netlist["modules"][root])
    return {"design": module, "netlist": json.dumps(netlist), "log": log}


def _read(sources: Sequence[Path], family: str, root: str, cwd: Path) -> list[str]:
    """Commands that read the design, give every instance a module of its own, and turn processes into registers."""
    own = _own_files(family)
    script = [f"read_verilog -lib -specify {_CELLS[family]}"] if own else []
    script.append(f"read_verilog {relative_paths(sources, cwd)}")
    if own:
        script.append(f"read_verilog -overwrite {relative_paths(own, cwd)}")
    script.append(f"hierarchy -check -top {root}")
    # Otherwise Yosys reads modules anew, once it knows the sizes of ports of DSP blocks, and loses their parameters.
    script.append("setattr -unset reprocess_after */c:*")
    if family == "ice40":  # which has no distributed RAM: let Yosys choose
        script.append("setattr -unset ram_style a:ram_style=distributed")
    return [*script, "uniquify", "proc"]


def _mark(part: str, modules: Sequence[str]) -> str:
    """A command that marks what lies in the modules as of a part."""
    inside = " ".join(f"{module}/{kind}" for module in modules for kind in ("c:*", "m:*"))
    return f'setattr -set src "{PART_MARK}{part}" {inside}'


def _write(folder: Path, family: str, root: str, design: str, cwd: Path) -> list[str]:
    """Commands that write the mapped design alone, and then the whole, flattened, for nextpnr."""
    return [
        f"select {design}",
        f"write_json -selected {relative_paths([folder / 'design.json'], cwd)}",
        "select -clear",
        "setattr -unset src",
        "setattr -unset keep_hierarchy */c:*",
        "flatten",
        "opt_clean",
        *([_GOWIN_PADS] if family == "gowin" else []),
        f"select {root}",
        f"write_json -selected {relative_paths([folder / 'netlist.json'], cwd)}",
    ]

# SPDX-License-Identifier: Apache-2.0
"""From Amaranth's RTLIL to the Verilog-2005 that is shipped.

Yosys turns processes into expressions and registers; `readable_verilog` then rewrites names and declarations. What
the circuit computes is settled here and simulated from here on: nothing later touches the text.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import hwgen
from hwgen.tools.readable_verilog import readable_verilog
from hwgen.tools.rtlil_names import prefer_own_names, rename_array_fields
from hwgen.tools.yosys import run_yosys

PRIMITIVES = tuple(sorted((Path(hwgen.__file__).parent / "hdl" / "verilog").glob("*.v")))
_SCRIPT = (
    "read_rtlil design.il",
    "setattr -unset src",
    "setattr -mod -unset src -unset generator",
    "proc -norom",
    "opt_expr",
    "opt_clean",
    "wreduce",
    "opt_expr",
    "opt_dff -simple-dffe",
    "opt_clean -purge",
    "pmuxtree",
    "opt_expr",
    "opt_clean -purge",
    "memory_collect",
    "autoname",
    "opt_clean -purge",
    "rename -wire",
    "check -assert",
    "write_verilog -noattr -simple-lhs design.v",
)


def rtlil_to_verilog(il: str, keep: Sequence[str] = (), primitives: Sequence[Path] = PRIMITIVES) -> str:
    """Verilog of every module in the RTLIL text `il`; the same bytes for the same text, whoever runs it and where.

    keep: modules that stay modules of their own; the others dissolve into those that instantiate them. Empty: all stay.
    primitives: the Verilog files of modules that the design instantiates. They are not part of the result.
    """
    with tempfile.TemporaryDirectory(prefix="hwgen-") as name:
        folder = Path(name)
        (folder / "design.il").write_text(prefer_own_names(rename_array_fields(il)))
        for file in primitives:
            shutil.copy(file, folder / file.name)
        known = [f"read_verilog -lib {file.name}" for file in primitives]
        dissolve = (f"setattr -mod -set keep_hierarchy 1 {' '.join(keep)}", "flatten") if keep else ()
        run_yosys([*known, _SCRIPT[0], *dissolve, *_SCRIPT[1:]], cwd=folder)
        return readable_verilog((folder / "design.v").read_text())

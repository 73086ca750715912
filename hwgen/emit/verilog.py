# SPDX-License-Identifier: Apache-2.0
"""Verilog of a design: one module per unit and adapter, each converted on its own so that its ports keep their names."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import ClockSignal, Instance, ResetSignal, Signal
from amaranth.hdl._ir import PortDirection
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwgen.rtl.top import Top
from hwgen.tools.rtlil_to_verilog import PRIMITIVES, rtlil_to_verilog


class Emission:
    """The platform of emitted designs. Hand-written Verilog takes the place of behavioural twins under any platform;
    under this one the components of a top become modules of their own."""

    def __init__(self, top_name: str):
        self.top_name = top_name
        self.modules: dict[str, str] = {}
        self.printed: dict[str, str] = {}

    def define(self, stem: str, print_module: Callable[[str], str]) -> str:
        """The name of a module that prints its own Verilog: for circuits that are too large for Amaranth.

        print_module: the text of the module of the name that it is given; equal texts make one module.
        """
        digest = hashlib.sha256(print_module("").encode()).hexdigest()[:8]
        name = f"{self.top_name}_{stem}_{digest}"
        self.printed[name] = print_module(name)
        return name

    def place(self, name: str, component: wiring.Component) -> Instance:
        """An instance of the module that `component` is converted into."""
        module = f"{self.top_name}_{name}"
        members = component.signature.flatten(component)
        # The ready of a stream that is always ready is a constant, and no port.
        inside = {"__".join(map(str, p)): (v, m.flow) for p, m, v in members if isinstance(v, Signal)}
        directions = {In: PortDirection.Input, Out: PortDirection.Output}
        ports_of = {port: (value, directions[flow]) for port, (value, flow) in inside.items()}
        il = rtlil.convert(component, name=module, platform=self, ports=ports_of, emit_src=False)
        self.modules[module] = il.replace("attribute \\top 1\n", "")
        ports = {f"{'i' if flow == In else 'o'}_{port}": value for port, (value, flow) in inside.items()}
        body = il[il.rindex(f"module \\{module}\n") :]
        for port, value in (("clk", ClockSignal()), ("rst", ResetSignal())):
            if re.search(rf"^  wire .*input \d+ +\\{port}$", body, re.MULTILINE):
                ports[f"i_{port}"] = value
        return Instance(module, **ports)


def verilog(name: str, top: Top) -> str:
    """Verilog-2005 of the whole design; its top module is `name`."""
    platform = Emission(name)
    il = rtlil.convert(top, name=name, platform=platform, emit_src=False)
    text = "\n".join([*platform.modules.values(), il])
    with tempfile.TemporaryDirectory(prefix="hwgen-") as folder:
        heads = [_head(Path(folder), *module) for module in platform.printed.items()]
        converted = rtlil_to_verilog(text, keep=(name, *platform.modules), primitives=(*PRIMITIVES, *heads))
    return "\n".join([converted, *platform.printed.values()])


def _head(folder: Path, name: str, text: str) -> Path:
    """A file with the module's ports alone, for tools that need no more."""
    file = folder / f"{name}.v"
    file.write_text(text[: text.index(");")] + ");\nendmodule\n")
    return file

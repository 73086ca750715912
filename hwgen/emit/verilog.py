# SPDX-License-Identifier: Apache-2.0
"""Verilog of a design: one module per unit and adapter, each converted on its own so that its ports keep their names."""

from __future__ import annotations

import re

from amaranth.back import rtlil
from amaranth.hdl import ClockSignal, Instance, ResetSignal
from amaranth.lib import wiring

from hwgen.rtl.top import Top
from hwgen.tools.rtlil_to_verilog import rtlil_to_verilog

_PORT = re.compile(r"^  wire (?:width \d+ )?(?:signed )?(input|output) \d+ (?:signed )?\\(\S+)$", re.MULTILINE)


class Emission:
    """The platform of emitted designs. Hand-written Verilog takes the place of behavioural twins under any platform;
    under this one the components of a top become modules of their own."""

    def __init__(self, top_name: str):
        self.top_name = top_name
        self.modules: dict[str, str] = {}

    def place(self, name: str, component: wiring.Component) -> Instance:
        """An instance of the module that `component` is converted into."""
        module = f"{self.top_name}_{name}"
        il = rtlil.convert(component, name=module, platform=self, emit_src=False)
        self.modules[module] = il
        inside = {"__".join(map(str, path)): value for path, _, value in component.signature.flatten(component)}
        ports = {}
        body = il[il.rindex(f"module \\{module}\n") :]
        for direction, port in _PORT.findall(body):
            value = {"clk": ClockSignal(), "rst": ResetSignal()}.get(port, inside.get(port))
            ports[f"{direction[0]}_{port}"] = value
        return Instance(module, **ports)


def verilog(name: str, top: Top) -> str:
    """Verilog-2005 of the whole design; its top module is `name`."""
    platform = Emission(name)
    il = rtlil.convert(top, name=name, platform=platform, emit_src=False)
    return rtlil_to_verilog("\n".join([*platform.modules.values(), il]), keep=(name, *platform.modules))

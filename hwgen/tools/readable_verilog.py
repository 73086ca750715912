# SPDX-License-Identifier: Apache-2.0
"""Rewriting the Verilog that Yosys prints so that people can read it.

Only names, the form of declarations and the order of ports change, and modules that differ in nothing but their name
become one.
"""

from __future__ import annotations

import re

from hwgen.tools.verilog_names import simplify_names

_MODULE = re.compile(r"^module .*?^endmodule\n", flags=re.MULTILINE | re.DOTALL)
_PARAMETERS = re.compile(r"#\(\n.*?\n  \)", flags=re.DOTALL)
_PORT = re.compile(
    r"^  (input|output|inout) (signed )?(\[[^\]]+\] )?(\w+);\n  (wire|reg) (?:signed )?(?:\[[^\]]+\] )?\4( = [^;]+)?;\n",
    flags=re.MULTILINE,
)
_VECTOR_NOT = re.compile(r"= ! (?=[\w{])")
_FIRST_PORTS = ("clk", "aclk", "rst", "aresetn")


def readable_verilog(text: str) -> str:
    """The same circuit without a header, without escaped identifiers, and with every port declared once."""
    text = _VECTOR_NOT.sub("= ~| ", text)  # the same function of a vector, written as the one that takes a vector
    modules = [_PARAMETERS.sub(_unsized, module) for module in _MODULE.findall(text)]
    return "\n".join(_share_equal_modules([_ansi_ports(module) for module in simplify_names(modules)]))


def _unsized(parameters: re.Match[str]) -> str:
    return re.sub(r"\(32'd(\d+)\)", r"(\1)", parameters[0])


def _ansi_ports(module: str) -> str:
    """The ports declared in the module's head: clock and reset, then by name."""
    head, body = module.split(";\n", 1)
    name = head.split(None, 1)[1].split("(")[0].strip()
    ports = [match.groups(default="") for match in _PORT.finditer(body)]
    ports.sort(key=lambda port: (_FIRST_PORTS.index(port[3]) if port[3] in _FIRST_PORTS else 9, port[3]))
    kind_width = max((len(f"{direction} {kind}") for direction, _, _, _, kind, _ in ports), default=0)
    type_width = max((len(sign + size) for _, sign, size, _, _, _ in ports), default=0)
    lines = [
        f"  {f'{direction} {kind}':{kind_width}} {sign + size:{type_width}}{port}{init}"
        for direction, sign, size, port, kind, init in ports
    ]
    listed = " (\n" + ",\n".join(lines) + "\n)" if lines else ""
    return f"module {name}{listed};\n{_PORT.sub('', body)}"


def _share_equal_modules(modules: list[str]) -> list[str]:
    """The modules without repetitions: of equal ones the first stays and stands for all."""
    while True:
        first: dict[str, str] = {}
        instead: dict[str, str] = {}
        kept = []
        for module in modules:
            name = module.split(None, 2)[1].rstrip(";")
            body = module.split(name, 1)[1]
            if body in first:
                instead[name] = first[body]
            else:
                first[body] = name
                kept.append(module)
        if not instead:
            return kept
        modules = [re.sub(r"^  (\w+)(?= \w+ \(\n)", _instead(instead), module, flags=re.MULTILINE) for module in kept]


def _instead(names: dict[str, str]):
    return lambda match: "  " + names.get(match[1], match[1])

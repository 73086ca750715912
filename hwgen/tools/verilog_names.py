# SPDX-License-Identifier: Apache-2.0
"""Names for the Verilog that Yosys prints: simple identifiers that say where a signal comes from.

A register's next value is `x_next`, its enable `x_enable`; an output of an instance is `instance_port`; an expression
that nobody named is called after the signal it feeds or comes from and the way there, as in `x_next_then` or
`space_and`. Ports and modules have one name in the whole text, everything else one name per module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\.?(?:\\\S+ ?|(?<![\w$\'])[A-Za-z_][\w$]*)')
_SIMPLE = re.compile(r"[A-Za-z_]\w*\Z")
_YOSYS_NUMBER = re.compile(r"_\d+_\Z")  # what the Verilog writer of Yosys calls the registers of its own
_HOP = re.compile(r"_\$([a-z]\w*?)_[A-Z]+(?:_\d+)?_([A-Z]+)")
_WORDS = {
    ("dff", "D"): "next", ("dff", "EN"): "enable", ("dff", "SRST"): "reset",
    ("mux", "S"): "if", ("mux", "B"): "then", ("mux", "A"): "else",
}  # fmt: skip
_LONGEST_WAY = 3
_HEAD = re.compile(r"^module (\\\S+|\w+) ?\(([^;]*)\);", flags=re.MULTILINE)
_OUTPUT = re.compile(r"^  output (?:signed )?(?:\[[^\]]+\] )?(\\\S+|\w+) ?;", flags=re.MULTILINE)
_INSTANCE = re.compile(
    r"^  (\\\S+|\w+)  ?(?:#\(.*?\n  \) )?(\\\S+|\w+)  ?\(\n(.*?)\n  \);", flags=re.MULTILINE | re.DOTALL
)
_CONNECTION = re.compile(r"\.(\\\S+|\w+) ?\((\\\S+|\w+) ?\)")


def simplify_names(modules: list[str]) -> list[str]:
    """The text of each module with every escaped, numbered or duplicated identifier renamed as described above."""
    heads = [_head(module) for module in modules]
    public = {name: "" for head in heads for name in head}
    taken = {name for name in public if _SIMPLE.match(name)}
    public = {name: name if name in taken else _unique(_readable(name), taken) for name in public}
    outputs = {head[0]: set(_OUTPUT.findall(module)) for head, module in zip(heads, modules, strict=True)}
    return [_rename(module, set(head[1:]), public, outputs) for head, module in zip(heads, modules, strict=True)]


def _head(module: str) -> list[str]:
    """The names of a module and of its ports."""
    found = _HEAD.search(module)
    assert found, "every module that Yosys prints has a head"
    return [found[1], *(port.strip() for port in found[2].split(",") if port.strip())]


def _rename(module: str, ports: set[str], public: dict[str, str], outputs: dict[str, set[str]]) -> str:
    tokens = {token.rstrip() for token in _TOKEN.findall(module) if not token.startswith('"')}
    local = {token: None for token in _TOKEN.findall(module) if not token.startswith(('"', "."))}
    better = _instance_outputs(module, ports, outputs)
    keep = {
        token for token in tokens if _SIMPLE.match(token) and not _YOSYS_NUMBER.match(token) and token not in better
    }
    taken = keep | set(public.values())
    new = {token: public[token] for token in tokens if token in public and (token in ports or token in outputs)}
    for token in (token.rstrip() for token in local):
        if token not in new and token not in keep:
            new[token] = _unique(better.get(token) or _readable(token), taken)

    def replace(match: re.Match[str]) -> str:
        token = match[0].rstrip()
        if token.startswith("."):
            return "." + public.get(token[1:], token[1:])
        return new.get(token, match[0])

    return _TOKEN.sub(replace, module)


def _instance_outputs(module: str, ports: set[str], outputs: dict[str, set[str]]) -> dict[str, str]:
    """A better name for each signal that an instance drives and that Amaranth called like a port it is connected to."""
    driver: dict[str, str] = {}
    called_like_a_port = set()
    for kind, instance, connections in _INSTANCE.findall(module):
        for port, signal in _CONNECTION.findall(connections):
            if port in outputs.get(kind, ()):
                driver[signal] = f"{instance}_{port}".replace("\\", "")
            if re.sub(r"\$\d+\Z", "", signal.removeprefix("\\")) == port.removeprefix("\\"):
                called_like_a_port.add(signal)
    return {signal: _readable(driver[signal]) for signal in called_like_a_port & driver.keys() - ports}


def _unique(wanted: str, taken: set[str]) -> str:
    name, count = wanted, 1
    while name in taken:
        count += 1
        name = f"{wanted}_{count}"
    taken.add(name)
    return name


def _readable(token: str) -> str:
    """What an identifier should be called; not yet unique."""
    if _YOSYS_NUMBER.match(token):
        return "read_word"
    name = token.removeprefix("\\")
    if _SIMPLE.match(name):
        return name + "_" if token.startswith("\\") else name  # escaped for being a keyword
    base, *_ = _HOP.split(name, maxsplit=1)
    way = _words(_HOP.findall(name))
    if len(way) > _LONGEST_WAY:
        way = way[:1] + way[1 - _LONGEST_WAY :]
    simple = re.sub(r"\W+", "_", "_".join([base, *way])).strip("_")
    return simple if _SIMPLE.match(simple) else f"n_{simple}"


def _words(hops: Iterable[tuple[str, str]]) -> list[str]:
    """One word for each step of a Yosys name, from a signal at one port of a cell to another port of that cell."""
    way = []
    for cell, port in hops:
        kind = "dff" if "dff" in cell else re.sub(r"^(logic|reduce)_", "", cell)
        way.append(_WORDS.get((kind, port)) or (kind if port in ("Y", "Q") else f"{kind}_{port.lower()}"))
    return way

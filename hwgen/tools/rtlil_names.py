# SPDX-License-Identifier: Apache-2.0
"""Which of its names a signal goes by in RTLIL, where Amaranth gives one net several of them."""

from __future__ import annotations

import re

_MODULE = re.compile(r"^module .*?^end$", flags=re.MULTILINE | re.DOTALL)
_WIRE = re.compile(
    r"^  wire width (\d+) +(input \d+ +|output \d+ +|inout \d+ +)?(?:signed +)?(\\\S+)$", flags=re.MULTILINE
)
_ALIAS = re.compile(r"^connect (\\\S+) (\\\S+) \[(\d+):0\]$", flags=re.MULTILINE)
# What can hold a name: everything but the lines and places whose words mean something else.
_NAME = re.compile(r"^ *(?:attribute|parameter|cell|module|memory)\b.*$|^    connect \\\S+|\\\S+", flags=re.MULTILINE)
_INSTANCE_PORT = re.compile(r"^  cell \\\S+ \\\S+\n((?:    .*\n)*)", flags=re.MULTILINE)
# Amaranth names the fields of array layouts `x[0]`, which abc9 takes for bits of a wire `x`.
_ARRAY_FIELD = re.compile(r"(\\[^\s\[\]]+)\[(\d+)\](?=[\s.])")


def rename_array_fields(il: str) -> str:
    """The same design with every wire `x[0]` called `x__0`."""
    return _ARRAY_FIELD.sub(r"\1__\2", il)


def prefer_own_names(il: str) -> str:
    """The same design with signals that have several names going by the one that says most.

    A name that somebody gave to this very signal comes before those of ports of instances and of interface members.
    """
    return _MODULE.sub(lambda module: _prefer(module[0]), il)


def _prefer(module: str) -> str:
    widths = {name: int(width) for width, port, name in _WIRE.findall(module) if not port}
    ports = {port for cell in _INSTANCE_PORT.findall(module) for port in re.findall(r"connect (\\\S+)", cell)}

    def rank(name: str) -> tuple[bool, bool, bool]:
        plain = re.sub(r"\$\d+\Z", "", name)
        return plain in ports, "__" in name, plain != name

    swaps: dict[str, str] = {}
    for alias, primary, high in _ALIAS.findall(module):
        whole = widths.get(alias) == widths.get(primary, -1) == int(high) + 1
        if whole and alias not in swaps and rank(alias) < rank(swaps.get(primary, primary)):
            swaps.pop(swaps.get(primary, ""), None)
            swaps |= {primary: alias, alias: primary}
    return _NAME.sub(lambda name: swaps.get(name[0], name[0]), module) if swaps else module

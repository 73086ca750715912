# SPDX-License-Identifier: Apache-2.0
"""Names of nodes: from the user's own names, legal in Verilog, unique and stable between runs."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

LONGEST = 40
VERILOG = (
    "always and assign automatic begin bit buf byte case cell class config const default disable do edge else end enum event "
    "export final for force function generate if import initial inout input int integer interface join local logic loop "
    "module nand negedge new nor not or output package parameter posedge program property pure rand real ref reg repeat "
    "return sequence shortint signed string struct super table task this time tri type typedef union unique unsigned use "
    "var void wait wand while wire with wor xnor xor clk rst top"
)
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
RESERVED = frozenset(VERILOG.split())


@dataclass
class Names:
    """Hands out each name once."""

    used: set[str] = field(default_factory=set)

    def take(self, wish: str) -> str:
        """`wish` in snake_case, with a number behind if it is taken."""
        base = wish if IDENTIFIER.fullmatch(wish) and wish not in RESERVED else snake_case(wish)
        name, k = base, 2
        while name in self.used:
            name, k = f"{base}_{k}", k + 1
        self.used.add(name)
        return name


def snake_case(text: str) -> str:
    """A lower-case identifier. Of fused names the last is taken; what is too long loses folders in front, then gets a
    hash of the whole for its start."""
    part = text.split(";")[-1]
    part = re.sub(r"_(prequant|quantize|quant|dequant|QuantizeLinear|quantized|QuantizeLinear_Output)$", "", part)
    words = re.split(r"[/.]+", part.strip("/."))
    while len("_".join(words)) > LONGEST and len(words) > 1:
        words = words[1:]
    name = re.sub(r"[^0-9a-zA-Z]+", "_", "_".join(words)).strip("_").lower() or "node"
    if len(name) > LONGEST:
        digest = hashlib.sha256(text.encode()).hexdigest()[:6]
        name = f"{digest}_{name[-(LONGEST - 7) :].lstrip('_')}"
    if name[0].isdigit() or name in RESERVED:
        name = f"n_{name}"
    return name

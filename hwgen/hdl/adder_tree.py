# SPDX-License-Identifier: Apache-2.0
"""A balanced adder tree with a register after every `levels` levels.

Synthesis merges sums of more than two terms that have no register between them into compressor trees of LUTs, which
cost more than twice the carry chains they replace: so there is a register after every level unless asked otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Signal, Value, signed


def add_tree(m: Module, terms: Sequence[Value], name: str, width: int, levels: int = 1) -> Value:
    """The signed sum of `terms`, `costs.adder_tree_latency` cycles later.

    width: bits that are known to hold the full sum; no intermediate sum is made wider.
    """
    sums, depth = list(terms), 0
    while len(sums) > 1:
        depth += 1
        pairs = [sums[k : k + 2] for k in range(0, len(sums), 2)]
        last = len(pairs) == 1
        registered = depth % levels == 0 or last
        sums = []
        for k, pair in enumerate(pairs):
            grown = min(width, max(_signed_bits(p) for p in pair) + len(pair) - 1)
            total = Signal(signed(grown), name=f"{name}_sum{depth}_{k}", reset_less=True)
            value = pair[0] + pair[1] if len(pair) == 2 else pair[0]
            (m.d.sync if registered else m.d.comb).__iadd__(total.eq(value))
            sums.append(total)
    return sums[0]


def _signed_bits(term: Value) -> int:
    return len(term) + (not term.shape().signed)

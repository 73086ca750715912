# SPDX-License-Identifier: Apache-2.0
"""The largest of several words, in pairs, with a register after every level like in `add_tree`."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal, Value


def maximum_tree(m: Module, terms: Sequence[Value], name: str) -> Value:
    """The largest of `terms`, all of one shape, `costs.adder_tree_latency` cycles later."""
    words, depth = list(terms), 0
    while len(words) > 1:
        depth += 1
        pairs, words = [words[k : k + 2] for k in range(0, len(words), 2)], []
        for k, pair in enumerate(pairs):
            largest = Signal.like(pair[0], name=f"{name}{depth}_{k}", reset_less=True)
            m.d.sync += largest.eq(Mux(pair[0] > pair[-1], pair[0], pair[-1]))
            words.append(largest)
    return words[0]

# SPDX-License-Identifier: Apache-2.0
"""``python -m hwgen.synth.calibrate [family ...]``: the basic blocks as Yosys maps them, beside their laws.

The coefficients of `hwgen/costs.py` are read off these figures. All blocks of a family are instances in one top, whose
ports are their own: nothing is optimized away, and nothing but the block is counted.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from amaranth.back import rtlil
from amaranth.hdl import Array, Cat, Elaboratable, Module, Signal, signed
from amaranth.hdl._ir import PortDirection
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwgen import costs
from hwgen.emit.verilog import Emission
from hwgen.hdl.adder_tree import add_tree
from hwgen.hdl.gearbox import Gather, Narrow, Serializer, Widen
from hwgen.hdl.memory import Memory
from hwgen.hdl.queue import Queue
from hwgen.kernels.pool.folding import TreeSpec
from hwgen.kernels.pool.kernel import ReduceKernel
from hwgen.numerics.range import IntRange
from hwgen.synth.netlist import parts_of_cells
from hwgen.synth.outline import read_outline
from hwgen.synth.packed import mapped_resources
from hwgen.synth.yosys import Synthesized, synthesize_cells
from hwgen.targets import FAMILIES, Family, Resources
from hwgen.tools.rtlil_to_verilog import PRIMITIVES, rtlil_to_verilog

_CHAIN_ENDS = 4  # LUTs that nextpnr adds to a carry chain of ECP5
Block = tuple[wiring.Component, Callable[[Family], Resources]]


class Registered(wiring.Component):
    """What `build` makes of operands `a` in registers, in a register."""

    def __init__(self, bits: int, operands: int, out_bits: int, build: Callable[[Module, list[Signal]], object]):
        self.bits, self.operands, self.build = bits, operands, build
        super().__init__({"a": In(bits * operands), "y": Out(out_bits)})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        words = [Signal(signed(self.bits), name=f"word_{k}", reset_less=True) for k in range(self.operands)]
        m.d.sync += [Cat(*words).eq(self.a), self.y.eq(self.build(m, words))]
        return m


def blocks(folder: Path) -> dict[str, Block]:
    """By name; the contents of memories are written to `folder`."""
    return _arithmetic() | _memories(folder) | _streams()


def _arithmetic() -> dict[str, Block]:
    found: dict[str, Block] = {}
    for bits in (8, 20):
        found[f"adder_{bits}"] = (
            Registered(bits, 2, bits + 1, lambda m, w: w[0] + w[1]),
            lambda f, n=bits: costs.adder(f, n + 1) + costs.registers(3 * n + 1),
        )
    for terms in (3, 9):
        found[f"tree_{terms}"] = (
            Registered(16, terms, 20, lambda m, w: add_tree(m, w, "tree", 20)),
            lambda f, n=terms: costs.adder_tree(f, n, 16, 20) + costs.registers(16 * n + 20),
        )
    for ways in (2, 4, 8, 16):
        found[f"select_{ways}"] = (
            Registered(8, ways + 1, 8, lambda m, w: Array(w[:-1])[w[-1][: (len(w) - 2).bit_length()]]),
            lambda f, n=ways: costs.mux(f, n, 8) + costs.registers(8 * (n + 1) + (n - 1).bit_length()),
        )
    for taps, lanes in ((4, 4), (9, 2)):
        codes = IntRange(-128, 127)
        found[f"largest_{taps}_{lanes}"] = (
            ReduceKernel().unit(TreeSpec("max", taps, lanes, codes, codes)),
            lambda f, n=taps, k=lanes: (
                costs.times(k, costs.maximum_tree(f, n, 8)) + costs.registers(costs.adder_tree_latency(n))
            ),
        )
    return found


def _memories(folder: Path) -> dict[str, Block]:
    found: dict[str, Block] = {}
    for depth, width in ((16, 32), (50, 32), (64, 64), (144, 24), (400, 8)):
        found[f"table_{depth}_{width}"] = (
            _table(depth, width, folder),
            lambda f, d=depth, w=width: costs.memory(f, d, w, "logic", output_register=True),
        )
    for depth, width in ((8, 24), (40, 16)):
        found[f"ram_{depth}_{width}"] = (
            Memory(width, depth, style="distributed", writable=True),
            lambda f, d=depth, w=width: costs.memory(f, d, w, "distributed", writable=True),
        )
    return found


def _streams() -> dict[str, Block]:
    found: dict[str, Block] = {}
    for depth, width in ((2, 8), (5, 32), (16, 8), (36, 8)):
        found[f"queue_{depth}_{width}"] = Queue(width, depth), lambda f, d=depth, w=width: costs.queue(f, d, w)
    found["queue_block"] = Queue(16, 600, "block"), lambda f: costs.queue(f, 600, 16, "block")
    for law, component in ((costs.widen, Widen), (costs.narrow, Narrow), (costs.serializer, Serializer)):
        for width, factor in ((8, 4), (20, 8)):
            found[f"{law.__name__}_{width}_{factor}"] = (
                component(width, factor),
                lambda f, law=law, w=width, k=factor: law(f, w, k),
            )
    found["gather_8_4"] = Gather(8, 4), lambda f: costs.widen(f, 8, 4)
    return found


def _table(depth: int, width: int, folder: Path) -> Memory:
    bits = np.random.default_rng(depth).integers(0, 2, (depth, width))
    words = [int("".join(map(str, row)), 2) for row in bits]
    table = Memory(width, depth, style="logic", output_register=True)
    table.load(words, f"table_{depth}_{width}.hex")
    (folder / table.path).write_text("".join(f"{word:x}\n" for word in words))
    return table


def _verilog(parts: dict[str, wiring.Component]) -> str:
    """A module `blocks` of the parts side by side, with their ports as its own."""
    m, platform, ports = Module(), Emission("blocks"), {}
    for name, part in parts.items():
        m.submodules[name] = platform.place(name, part)
        for path, member, value in part.signature.flatten(part):
            if isinstance(value, Signal):
                direction = PortDirection.Input if member.flow == In else PortDirection.Output
                ports["__".join(map(str, (name, *path)))] = value, direction
    il = rtlil.convert(m, name="blocks", platform=platform, ports=ports, emit_src=False)
    return rtlil_to_verilog("\n".join([*platform.modules.values(), il]), keep=("blocks", *platform.modules))


def measure(family: Family) -> dict[str, tuple[Resources, Resources]]:
    """(by its law, as mapped) of each block."""
    with tempfile.TemporaryDirectory(prefix="hwgen-") as name:
        folder = Path(name).resolve()
        made = blocks(folder)
        (folder / "blocks.v").write_text(_verilog({key: part for key, (part, _) in made.items()}))
        files = [folder / "blocks.v", *PRIMITIVES]
        mapped = synthesize_cells(files, "blocks", read_outline(files, "blocks", folder), family.name, folder)
    counted = mapped_resources(mapped, family.name)
    if family.name == "ecp5":
        for name, chains in _carry_chains(mapped).items():
            counted[name] += Resources(luts=_CHAIN_ENDS * chains)
    return {key: (law(family), counted.get(key, Resources())) for key, (_, law) in made.items()}


def _carry_chains(mapped: Synthesized) -> Counter[str]:
    """Carry chains of each block."""
    carries = {name: cell for name, cell in mapped.design["cells"].items() if cell["type"] == "CCU2C"}
    inner = {bit for cell in carries.values() for bit in cell["connections"]["COUT"]}
    parts = parts_of_cells(mapped.design, mapped.parts)
    return Counter(parts[name] for name, cell in carries.items() if inner.isdisjoint(cell["connections"]["CIN"]))


def table_of(family: Family) -> str:
    """The comparison in lines of text."""
    lines = [f"{family.name:24} LUT: law mapped   FF: law mapped   RAM: law mapped"]
    for name, (law, found) in measure(family).items():
        luts, ffs, brams = (
            f"{law.luts:8} {found.luts:6}",
            f"{law.ffs:9} {found.ffs:6}",
            f"{law.brams:10} {found.brams:6}",
        )
        lines.append(f"  {name:22} {luts} {ffs} {brams}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    wanted = sys.argv[1:] or [family.name for family in FAMILIES if family.name != "generic"]
    for family in FAMILIES:
        if family.name in wanted:
            sys.stdout.write(table_of(family))

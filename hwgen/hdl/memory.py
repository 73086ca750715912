# SPDX-License-Identifier: Apache-2.0
"""A memory in hand-written Verilog, with a behavioural twin for Amaranth's own simulator.

Amaranth inlines the contents of its memories word by word, which is slow beyond some 100 k words and unreadable in the
result. Emitted designs therefore instantiate ``verilog/hwgen_memory.v``, which reads a ``$readmemh`` file.
"""

from __future__ import annotations

from amaranth.hdl import ClockSignal, Elaboratable, Instance, Module, Signal, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hwgen import costs

MEMORY_STYLES = ("auto", "block", "distributed", "logic")


class Memory(wiring.Component):
    """`depth` words of `width` bits; one read port, and one write port if `writable`.

    The word at `address` in cycle t stands on `data` in cycle t + 1, or t + 2 with `output_register`. A word must not
    be read in the cycle that writes it.
    """

    def __init__(
        self,
        width: int,
        depth: int,
        *,
        style: str = "auto",
        output_register: bool = False,
        writable: bool = False,
    ):
        self.width, self.depth, self.style = width, depth, style
        self.output_register, self.writable = output_register, writable
        self.words: list[int] = []
        self.path = ""
        address = unsigned(max(1, ceil_log2(depth)))
        ports = {"address": In(address), "data": Out(width)}
        if writable:
            ports |= {"write_enable": In(1), "write_address": In(address), "write_data": In(width)}
        super().__init__(ports)

    @property
    def latency(self) -> int:
        """Cycles from `address` to `data`."""
        return 2 if self.output_register else 1

    def load(self, words: list[int], path: str) -> None:
        """Gives the memory its contents: `words` here, and in emitted Verilog the file at `path`."""
        if len(words) != self.depth:
            raise ValueError(f"memory of {self.depth} words cannot hold {len(words)}")
        self.words, self.path = words, path

    def elaborate(self, platform: object) -> Elaboratable:
        return self._behaviour() if platform is None else self._instance()

    def _chosen_style(self) -> str:
        """``auto`` settled by the law that the plan is priced with, and not by the synthesis tool."""
        if self.style != "auto":
            return self.style
        if costs.is_block("auto", self.depth, self.width):
            return "block"
        return "distributed" if self.writable else "logic"

    def _instance(self) -> Elaboratable:
        m = Module()
        ports = {"i_clk": ClockSignal(), "i_read_address": self.address, "o_read_data": self.data}
        if self.writable:
            ports |= {
                "i_write_enable": self.write_enable,
                "i_write_address": self.write_address,
                "i_write_data": self.write_data,
            }
        else:
            ports |= {"i_write_enable": 0, "i_write_address": self.address, "i_write_data": Signal(self.width)}
        m.submodules.memory = Instance(
            "hwgen_memory",
            p_WIDTH=self.width,
            p_DEPTH=self.depth,
            p_ADDRESS_WIDTH=len(self.address),
            p_INIT=self.path,
            p_STYLE=self._chosen_style(),
            p_OUTPUT_REGISTER=int(self.output_register),
            p_WRITABLE=int(self.writable),
            **ports,
        )
        return m

    def _behaviour(self) -> Elaboratable:
        m = Module()
        m.submodules.store = store = memory.Memory(shape=self.width, depth=self.depth, init=self.words)
        read = store.read_port()
        m.d.comb += read.addr.eq(self.address)
        if self.output_register:
            m.d.sync += self.data.eq(read.data)
        else:
            m.d.comb += self.data.eq(read.data)
        if self.writable:
            write = store.write_port()
            m.d.comb += [
                write.addr.eq(self.write_address),
                write.data.eq(self.write_data),
                write.en.eq(self.write_enable),
            ]
        return m

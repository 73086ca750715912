# SPDX-License-Identifier: Apache-2.0
"""The top of a design: one unit per plan entry, the adapters of each link, AXI4-Stream at the edge."""

from __future__ import annotations

from math import gcd

from amaranth.hdl import ClockDomain, Elaboratable, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.gearbox import Gather, Narrow, Serializer, Widen
from hwgen.hdl.queue import Queue
from hwgen.plan.plan import Link, Plan, Port
from hwgen.rtl.edge import AxisInput, AxisOutput


def axis_prefix(plan: Plan, port: Port) -> str:
    """``s_axis`` or ``m_axis``, with the port's name where there are several of its direction."""
    letter = "s" if port.direction == "in" else "m"
    several = sum(p.direction == port.direction for p in plan.ports) > 1
    return f"{letter}_axis_{port.name}" if several else f"{letter}_axis"


class Top(wiring.Component):
    """The whole design. Ports: aclk, aresetn, frame_error, and per port tdata, tvalid, tready, tlast.

    Units get their memory contents before they come here (hwgen/emit/memories.py).
    """

    def __init__(self, plan: Plan, units: dict[str, wiring.Component]):
        self.plan, self.units = plan, units
        ports: dict[str, wiring.Member] = {"aclk": In(1), "aresetn": In(1), "frame_error": Out(1)}
        for port in plan.ports:
            prefix = axis_prefix(plan, port)
            toward, back = (In, Out) if port.direction == "in" else (Out, In)
            ports |= {
                f"{prefix}_tdata": toward(port.lanes * port.lane_bits),
                f"{prefix}_tvalid": toward(1),
                f"{prefix}_tready": back(1),
                f"{prefix}_tlast": toward(1),
            }
        super().__init__(ports)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.domains.sync = domain = ClockDomain("sync")
        m.d.comb += [domain.clk.eq(self.aclk), domain.rst.eq(~self.aresetn)]
        self._place = getattr(platform, "place", lambda name, component: component)
        self._edges: dict[str, AxisInput | AxisOutput] = {p.name: self._edge(m, p) for p in self.plan.ports}
        for name, unit in self.units.items():
            self._add(m, name, unit)
        spaces: dict[str, list[Signal]] = {}
        for link in self.plan.links:
            self._connect(m, link, spaces)
        for name, flags in spaces.items():
            space = Signal(name=f"{name}_space")
            m.d.comb += [space.eq(_all(flags)), self._source(name).o_space.eq(space)]
        errors = [edge.frame_error for edge in self._edges.values() if isinstance(edge, AxisInput)]
        m.d.comb += self.frame_error.eq(_any(errors))
        return m

    def _add(self, m: Module, name: str, component: wiring.Component) -> None:
        m.submodules[name] = self._place(name, component)

    def _edge(self, m: Module, port: Port) -> AxisInput | AxisOutput:
        edge = AxisInput(port) if port.direction == "in" else AxisOutput(port)
        self._add(m, f"edge_{port.name}", edge)
        prefix = axis_prefix(self.plan, port)
        data, valid = getattr(self, f"{prefix}_tdata"), getattr(self, f"{prefix}_tvalid")
        ready, last = getattr(self, f"{prefix}_tready"), getattr(self, f"{prefix}_tlast")
        if port.direction == "in":
            m.d.comb += [edge.tdata.eq(data), edge.tvalid.eq(valid), edge.tlast.eq(last), ready.eq(edge.tready)]
        else:
            m.d.comb += [data.eq(edge.tdata), valid.eq(edge.tvalid), last.eq(edge.tlast), edge.tready.eq(ready)]
        return edge

    def _source(self, name: str) -> wiring.Component:
        return self.units.get(name) or self._edges[name]

    def _root(self, name: str) -> str:
        """The issuing unit or input at the head of a pipe chain: it asks for room in every queue behind it."""
        stages = self.plan.stage_by_name
        while name in stages and stages[name].schedule.is_pipe:
            name = self.plan.inputs_of(name)[0].source
        return name

    def _sink_stream(self, link: Link) -> object:
        if link.sink in self._edges:
            return self._edges[link.sink].i
        unit = self.units[link.sink]
        return unit.i if "i" in unit.signature.members else getattr(unit, _operand_port(unit, link.operand))

    def _connect(self, m: Module, link: Link, spaces: dict[str, list[Signal]]) -> None:
        stream, width = self._source(link.source).o, link.range.width
        if link.serialize > 1:
            serializer = Serializer(width * link.lanes_source // link.serialize, link.serialize)
            self._add(m, f"{link.name}_serializer", serializer)
            wiring.connect(m, stream, serializer.i)
            stream = serializer.o
        sink = self._sink_stream(link)
        if link.queue is None:
            wiring.connect(m, stream, sink)
            return
        root = self._root(link.source)
        burst = self._burst(link)
        if link.gather > 1:
            gather = Gather(width * link.lanes_queue // link.gather, link.gather)
            self._add(m, f"{link.name}_gather", gather)
            wiring.connect(m, stream, gather.i)
            stream = gather.o
        whole, parts = max(1, burst // link.gather), max(1, link.gather // burst)
        queue = Queue(width * link.lanes_queue, link.queue.depth, link.queue.style, whole, parts)
        self._add(m, f"{link.name}_queue", queue)
        wiring.connect(m, stream, queue.i)
        m.d.comb += queue.reserve.eq(self._source(root).o_reserve)
        spaces.setdefault(root, []).append(queue.space)
        wiring.connect(m, self._change_lanes(m, link, queue.o), sink)

    def _burst(self, link: Link) -> int:
        """Beats that one event of the root puts into the queue of `link`."""
        burst, name = link.serialize, link.source
        stages = self.plan.stage_by_name
        while name in stages and stages[name].schedule.is_pipe:
            before = self.plan.inputs_of(name)[0]
            burst, name = burst * before.serialize, before.source
        return burst

    def _change_lanes(self, m: Module, link: Link, stream: object) -> object:
        width, common = link.range.width, gcd(link.lanes_queue, link.lanes_sink)
        if link.lanes_queue > common:
            narrow = Narrow(width * common, link.lanes_queue // common)
            self._add(m, f"{link.name}_narrow", narrow)
            wiring.connect(m, stream, narrow.i)
            stream = narrow.o
        if link.lanes_sink > common:
            widen = Widen(width * common, link.lanes_sink // common)
            self._add(m, f"{link.name}_widen", widen)
            wiring.connect(m, stream, widen.i)
            stream = widen.o
        return stream


def _operand_port(unit: wiring.Component, operand: int) -> str:
    """Operand streams are the members ``i_...`` of a unit, in order of declaration."""
    return [name for name in unit.signature.members if name.startswith("i_")][operand]


def _all(flags: list[Signal]) -> Signal:
    result = flags[0]
    for flag in flags[1:]:
        result = result & flag
    return result


def _any(flags: list[Signal]) -> Signal:
    result = flags[0]
    for flag in flags[1:]:
        result = result | flag
    return result

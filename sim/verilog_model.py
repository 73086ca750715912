# SPDX-License-Identifier: Apache-2.0
"""Runs one module of a bundle's Verilog in Python, cycle by cycle, with the contents of its memories.

It understands what stages are written in: wires, registers, assignments, clocked assignments under if and else, and
instances of the primitives hwgen_memory (read only), hwgen_multiply and hwgen_add_subtract.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from verilog_expression import Expression, Parser, Signal, VerilogError, mask, number, python, tokens

DECLARATION = re.compile(
    r"\s*(?:(input|output) )?(wire|reg)\s+(signed\s+)?(?:\[(\d+):0\]\s*)?(\w+)(?:\s*=\s*(\S+?))?\s*[;,]?\s*$"
)
Run = Callable[[Iterable[tuple[int, ...]]], list[int]]


@dataclass(frozen=True)
class Model:
    """run: one tuple of input values a cycle, in the order of `inputs`, to what was on o__payload while o__valid was 1.

    The clock and the reset, which stays low, are not among the inputs. has_unknown: some constants hold x.
    """

    inputs: list[str]
    run: Run
    has_unknown: bool


@dataclass
class Module:
    """Python text of the parts of a module; names that end in two underscores are made here."""

    signals: dict[str, Signal] = field(default_factory=dict)
    initial: dict[str, int] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    pieces: dict[str, list[tuple[int, int, str]]] = field(default_factory=dict)  # name: (high, low, Python variable)
    logic: list[tuple[str, str, set[str]]] = field(default_factory=list)  # variable, Python text, variables it reads
    clocked: list[str] = field(default_factory=list)
    state: dict[str, object] = field(default_factory=dict)
    reads: set[str] = field(default_factory=set)

    def refer(self, name: str, high: int, low: int) -> str:
        """Python text of some bits of a signal."""
        parts = []
        for top, bottom, variable in self.pieces.get(name, [(self.signals[name].width - 1, 0, name)]):
            first, last = max(low, bottom), min(high, top)
            if first > last:
                continue
            self.reads.add(variable)
            text = variable if first == bottom else f"{variable} >> {first - bottom}"
            if last < top:
                text = f"{text} & {mask(last - first + 1)}"
            if first > low:
                text = f"({text}) << {first - low}"
            parts.append(text)
        return f"({' | '.join(f'({p})' for p in parts)})" if len(parts) > 1 else f"({parts[0]})" if parts else "0"

    def text(self, e: Expression, width: int) -> tuple[str, set[str]]:
        """Python text of an expression in a context of `width` bits, cut to them, and what it reads."""
        self.reads = set()
        value = python(e, width, self.refer)
        return (f"({value}) & {mask(width)}" if e.width > width else value), self.reads

    def announce(self, target: Expression) -> None:
        """Gives the bits of an assignment's target a Python variable of their own."""
        for part in target.args or (target,):
            name, high, low = part.value
            self.pieces.setdefault(name, []).append((high, low, f"{name}__{high}_{low}__"))

    def define(self, target: Expression, text: str, reads: set[str]) -> None:
        """Gives the variables of a target their value."""
        if not target.args:
            name, high, low = target.value
            self.logic.append((f"{name}__{high}_{low}__", text, reads))
            return
        joined, at = f"joined{len(self.logic)}__", target.width
        self.logic.append((joined, text, reads))
        for part in target.args:
            at -= part.width
            self.define(part, f"{joined} >> {at} & {mask(part.width)}", {joined})


def read_module(folder: Path, text: str, name: str, unknown: str = "0") -> Model:
    """The module of that name in a Verilog text. Files of memories are relative to `folder`.

    unknown: the digit that stands for x, which is written where a bit reaches no result ("0" or "f").
    """
    match = re.search(rf"^module {re.escape(name)} \($(.*?)^endmodule$", text, re.M | re.S)
    if match is None:
        raise VerilogError(f"there is no module {name}")
    digits = re.sub(r"(?<='h)[0-9a-fx]+", lambda found: found.group().replace("x", unknown), match.group(1))
    ports, _, body = digits.partition("\n);\n")
    module = Module()
    statements = _statements(body)
    for line in (*ports.splitlines(), *(s for s in statements if s.startswith(("wire ", "reg ")))):
        _declare(module, line)
    rest = [s for s in statements if not s.startswith(("wire ", "reg "))]
    instances = [_instance(s) for s in rest if s.startswith("hwgen_")]
    for statement in rest:
        if statement.startswith("assign "):
            module.announce(Parser(tokens(statement[7:]), module.signals).primary())
    for kind, _, connections in instances:
        output = {"hwgen_memory": "read_data"}.get(kind, "y")
        module.announce(Parser(tokens(connections[output]), module.signals).primary())
    for index, (kind, parameters, connections) in enumerate(instances):
        _primitive(module, folder, f"unit{index}__", kind, parameters, connections)
    for statement in rest:
        if statement.startswith("assign "):
            _assign(module, statement[7:])
        elif statement.startswith("always @(posedge clk)"):
            _always(module, statement[len("always @(posedge clk)") :])
        elif not statement.startswith("hwgen_"):
            raise VerilogError(f"cannot read {statement[:60]!r}")
    return Model(module.inputs, _compile(module), digits != match.group(1))


def _statements(body: str) -> list[str]:
    """Statements on one line each; an else belongs to the statement before it."""
    found: list[str] = []
    for piece in re.sub(r"//.*", "", body).split(";"):
        text = " ".join(piece.split())
        if text.startswith("else ") and found:
            found[-1] += f" ; {text}"
        elif text:
            found.append(text)
    return found


def _declare(module: Module, line: str) -> None:
    if not line.strip():
        return
    match = DECLARATION.match(line)
    if match is None:
        raise VerilogError(f"cannot read {line!r}")
    direction, kind, signed, high, name, value = match.groups()
    module.signals[name] = Signal(int(high) + 1 if high else 1, bool(signed))
    if kind == "reg":
        module.initial[name] = number(value).value[0] if value else 0
    if direction == "input" and name not in ("clk", "rst"):
        module.inputs.append(name)


def _assign(module: Module, text: str) -> None:
    parser = Parser(tokens(text), module.signals)
    target = parser.primary()
    parser.take("=")
    module.define(target, *module.text(parser.expression(), target.width))


def _always(module: Module, text: str) -> None:
    """One register (or some bits of it) takes its next value."""
    parser = Parser(tokens(text), module.signals)
    lines: list[str] = []
    _clocked(module, parser, lines, "")
    module.clocked += lines


def _clocked(module: Module, parser: Parser, lines: list[str], indent: str) -> None:
    if parser.next == "if":
        parser.take()
        parser.take("(")
        condition = parser.expression()
        parser.take(")")
        lines.append(f"{indent}if {module.text(condition, condition.width)[0]}:")
        _clocked(module, parser, lines, indent + " ")
        if parser.next == ";":
            parser.take()
        if parser.next == "else":
            parser.take()
            lines.append(f"{indent}else:")
            _clocked(module, parser, lines, indent + " ")
        return
    target = parser.primary()
    parser.take("<=")
    value = module.text(parser.expression(), target.width)[0]
    name, high, low = target.value
    if target.width < module.signals[name].width:
        kept = mask(module.signals[name].width) & ~(mask(target.width) << low)
        value = f"{name}__next & {kept} | ({value}) << {low}"
    lines.append(f"{indent}{name}__next = {value}")


def _instance(statement: str) -> tuple[str, dict[str, str], dict[str, str]]:
    match = re.fullmatch(r"(hwgen_\w+) #\((.*?) \) (\w+) \((.*)\)", statement)
    if match is None:
        raise VerilogError(f"cannot read {statement[:60]!r}")
    pairs = [dict(re.findall(r"\.(\w+)\((.*?)\)(?=,|\s*$)", match.group(k))) for k in (2, 4)]
    return match.group(1), pairs[0], pairs[1]


def _primitive(
    module: Module, folder: Path, unit: str, kind: str, parameters: dict[str, str], connections: dict[str, str]
) -> None:
    def value(port: str, width: int) -> tuple[str, set[str]]:
        return module.text(Parser(tokens(connections[port]), module.signals).expression(), width)

    output = Parser(tokens(connections[{"hwgen_memory": "read_data"}.get(kind, "y")]), module.signals).primary()
    if kind == "hwgen_add_subtract":
        width = int(parameters["WIDTH"])
        (a, reads_a), (b, reads_b), (minus, reads_minus) = value("a", width), value("b", width), value("subtract", 1)
        text = f"(({a}) - ({b}) if {minus} else ({a}) + ({b})) & {mask(width)}"
        module.define(output, text, reads_a | reads_b | reads_minus)
    elif kind == "hwgen_multiply":
        bits = int(parameters["A_WIDTH"]), int(parameters["B_WIDTH"])
        for port, width in zip("ab", bits, strict=True):
            module.initial[f"{unit}{port}"] = 0
            module.clocked.append(f"{unit}{port}__next = {value(port, width)[0]}")
        factors = [f"(({unit}{p} ^ {1 << w - 1}) - {1 << w - 1})" for p, w in zip("ab", bits, strict=True)]
        module.initial[f"{unit}y"] = 0
        module.clocked.append(f"{unit}y__next = {factors[0]} * {factors[1]} & {mask(sum(bits))}")
        module.define(output, f"{unit}y", set())
    elif kind == "hwgen_memory":
        _memory(module, folder, unit, parameters, value("read_address", int(parameters["ADDRESS_WIDTH"])), output)
    else:
        raise VerilogError(f"cannot run {kind}")


def _memory(
    module: Module,
    folder: Path,
    unit: str,
    parameters: dict[str, str],
    address: tuple[str, set[str]],
    output: Expression,
) -> None:
    if parameters["WRITABLE"] != "0":
        raise VerilogError("cannot run a memory that is written")
    words = read_words(folder / parameters["INIT"].strip('"'), int(parameters["WIDTH"]), int(parameters["DEPTH"]))
    module.state[f"{unit}words"] = words + [0] * ((1 << int(parameters["ADDRESS_WIDTH"])) - len(words))
    module.initial[f"{unit}data"] = 0
    module.clocked.append(f"{unit}data__next = {unit}words[{address[0]}]")
    last = f"{unit}data"
    if parameters["OUTPUT_REGISTER"] == "1":
        module.initial[f"{unit}late"] = 0
        module.clocked.append(f"{unit}late__next = {unit}data")
        last = f"{unit}late"
    module.define(output, last, set())


def read_words(path: Path, width: int, depth: int) -> list[int]:
    """All words of a $readmemh file, one a line. VerilogError where they are not `depth` words of `width` bits."""
    lines = [line.strip() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
    if len(lines) != depth:
        raise VerilogError(f"{path.name} holds {len(lines)} words, not {depth}")
    words = []
    for row, line in enumerate(lines):
        if not re.fullmatch("[0-9a-f]+", line) or int(line, 16) > mask(width):
            raise VerilogError(f"{path.name} row {row}: {line!r} is not a word of {width} bits")
        words.append(int(line, 16))
    return words


def _compile(module: Module) -> Run:
    """One Python function for the whole module: logic in the order of its dependencies, then all registers at once."""
    lines = [f"{name} = {value}" for name, value in module.initial.items()]
    lines += ["rst = 0", "found = []", f"for {', '.join(module.inputs)}, in beats:"]
    lines += [f" {variable} = {text}" for variable, text in _sorted(module.logic)]
    lines += [f" if {module.refer('o__valid', 0, 0)}:"]
    lines += [f"  found.append({module.refer('o__payload', module.signals['o__payload'].width - 1, 0)})"]
    lines += [f" {name}__next = {name}" for name in module.initial]
    lines += [f" {line}" for line in module.clocked]
    lines += [f" {name} = {name}__next" for name in module.initial]
    source = "def run(beats):\n " + "\n ".join(lines) + "\n return found\n"
    space: dict[str, object] = dict(module.state)
    exec(compile(source, "verilog", "exec"), space)
    return space["run"]  # type: ignore[return-value]


def _sorted(logic: list[tuple[str, str, set[str]]]) -> list[tuple[str, str]]:
    waiting = {variable: (text, reads) for variable, text, reads in logic}
    done: list[tuple[str, str]] = []
    state: dict[str, int] = {}
    for root in waiting:
        stack = [(root, False)]
        while stack:
            name, ready = stack.pop()
            if ready:
                state[name] = 2
                done.append((name, waiting[name][0]))
            elif state.get(name, 0) == 0:
                state[name] = 1
                stack.append((name, True))
                stack += [(n, False) for n in waiting[name][1] if n in waiting and n != name]
            elif state[name] == 1:
                raise VerilogError(f"{name} depends on itself")
    return done

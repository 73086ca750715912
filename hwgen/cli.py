# SPDX-License-Identifier: Apache-2.0
"""The command line: one command a file in hwgen/commands; here is what they share, and how they end.

Exit codes: 0 done; 1 the user's to fix, said in full and without a traceback; 2 a fault of hwgen; 130 Ctrl-C.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

import hwgen
from hwgen.commands.answer import failure_document, print_json
from hwgen.commands.build import build
from hwgen.commands.check import check
from hwgen.commands.doctor import doctor
from hwgen.commands.interrupts import listen
from hwgen.commands.prune import prune
from hwgen.commands.quantize import quantize
from hwgen.commands.report import report
from hwgen.commands.run import run
from hwgen.commands.sim import sim
from hwgen.commands.trace import trace
from hwgen.errors import UserError

OK, USER_ERROR, FAULT, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(
    name="hwgen",
    help="Quantized ONNX in, verified Verilog out.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in (check, build, sim, report, run, trace, quantize, prune, doctor):
    app.command(_command.__name__)(_command)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"hwgen {hwgen.__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True)] = False,
) -> None:
    """Quantized ONNX in, verified Verilog out.

    Start with `hwgen check MODEL.onnx`; every command takes --json.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit with its code."""
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    gc.set_threshold(100_000)  # hardly anything here is a cycle, and looking for them takes a tenth of the time
    listen()
    sys.exit(run_command(words))


def run_command(words: list[str]) -> int:
    """Run one command; returns its exit code. Nothing is raised."""
    as_json = "--json" in words
    try:
        code = app(words, prog_name="hwgen", standalone_mode=False) or OK
        if code == INTERRUPTED:  # typer's own answer to Ctrl-C
            raise KeyboardInterrupt
        return code
    except UserError as error:
        _say(error, as_json)
        return USER_ERROR
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted; nothing half-written is left behind", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:
        if isinstance(error, typer.BadParameter.__bases__):  # a usage error: unknown option, missing argument
            _say(_usage_error(words, error), as_json)
            return USER_ERROR
        traceback.print_exc()
        print(_FAULT.format(type(error).__name__, hwgen.__version__), file=sys.stderr)
        return FAULT


_FAULT = """
error: {} inside hwgen {}: this is a fault of hwgen, not yours
  fix:      please report it with the command, the text above and, if you may share it, the model"""


def _usage_error(words: list[str], error: Exception) -> UserError:
    command = f"hwgen {words[0]}" if words[0] in {c.name for c in app.registered_commands} else "hwgen"
    format_message = getattr(error, "format_message", error.__str__)
    message = format_message().rstrip(".")
    return UserError.of(
        command, message[:1].lower() + message[1:],
        found=" ".join(["hwgen", *words]), expected=f"the arguments and options of {command}", fix=f"{command} --help",
    )  # fmt: skip


def _say(error: UserError, as_json: bool) -> None:
    if as_json:
        print_json(failure_document(error))
    else:
        print(error, file=sys.stderr)

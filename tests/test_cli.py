# SPDX-License-Identifier: Apache-2.0
"""How every command answers and ends."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

import hwgen
from hwgen import cli
from hwgen.errors import Blocker, InternalError, UserError

TWO_BLOCKERS = UserError(
    Blocker("Softmax 's' (node 4 of net.onnx)", "wrong axis", "axis=1", "axis=-1", "transpose first", "s", "Softmax"),
    Blocker("Loop 'l' (node 9 of net.onnx)", "cannot be built", "a loop", "a static graph", "unroll it", "l", "Loop"),
)


@pytest.fixture
def fail_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Makes `hwgen quantize` fail in a chosen way."""

    def install(error: BaseException) -> None:
        def broken(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr("hwgen.api.quantize", broken)

    return install


RUN = ["quantize", "net.onnx", "--calib", "x.npz"]


def test_all_blockers_are_printed_without_a_traceback(fail_with: Callable, capsys: pytest.CaptureFixture) -> None:
    fail_with(TWO_BLOCKERS)
    assert cli.run_command(RUN) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.endswith(
        "error: Softmax 's' (node 4 of net.onnx): wrong axis\n"
        "  found:    axis=1\n  expected: axis=-1\n  fix:      transpose first\n"
        "error: Loop 'l' (node 9 of net.onnx): cannot be built\n"
        "  found:    a loop\n  expected: a static graph\n  fix:      unroll it\n"
    )


def test_with_json_the_blockers_are_a_document_on_stdout(fail_with: Callable, capsys: pytest.CaptureFixture) -> None:
    fail_with(TWO_BLOCKERS)
    assert cli.run_command([*RUN, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["schema_version"], document["ok"]) == (1, False)
    assert document["blockers"][1] == {
        "node": "l", "op": "Loop", "where": "Loop 'l' (node 9 of net.onnx)", "what": "cannot be built",
        "found": "a loop", "expected": "a static graph", "fix": "unroll it",
    }  # fmt: skip


@pytest.mark.parametrize("error", [InternalError("a broken promise"), ZeroDivisionError("oops")])
def test_a_fault_of_hwgen_asks_for_a_report(
    fail_with: Callable, capsys: pytest.CaptureFixture, error: Exception
) -> None:
    fail_with(error)
    assert cli.run_command(RUN) == 2
    printed = capsys.readouterr().err
    assert f"error: {type(error).__name__} inside hwgen {hwgen.__version__}: this is a fault of hwgen" in printed
    assert "please report it" in printed and "Traceback" in printed


def test_ctrl_c_exits_with_130(fail_with: Callable, capsys: pytest.CaptureFixture) -> None:
    fail_with(KeyboardInterrupt())
    assert cli.run_command(RUN) == 130
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["bild"], "error: hwgen: no such command 'bild'"),
        (["quantize", "m.onnx"], "error: hwgen quantize: missing option '--calib'"),
        (["quantize"], "error: hwgen quantize: missing argument 'MODEL'"),
        (["quantize", "m.onnx", "--frobnicate"], "error: hwgen quantize: no such option: --frobnicate"),
    ],
)
def test_a_wrong_command_line_is_the_users_to_fix(
    words: list[str], message: str, capsys: pytest.CaptureFixture
) -> None:
    assert cli.run_command(words) == 1
    printed = capsys.readouterr().err
    assert printed.startswith(message) and "--help" in printed


def test_a_wrong_command_line_with_json_is_a_document_too(capsys: pytest.CaptureFixture) -> None:
    assert cli.run_command(["quantize", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["blockers"][0]["where"] == "hwgen quantize"


def test_the_version_is_printed(capsys: pytest.CaptureFixture) -> None:
    assert cli.run_command(["--version"]) == 0
    assert capsys.readouterr().out == f"hwgen {hwgen.__version__}\n"


@pytest.mark.parametrize("command", ["check", "build", "sim", "report", "run", "trace", "quantize", "doctor"])
def test_every_command_has_help_and_json(command: str, capsys: pytest.CaptureFixture) -> None:
    assert cli.run_command([command, "--help"]) == 0
    assert "--json" in capsys.readouterr().out


def test_every_command_is_a_function_of_the_package() -> None:
    assert sorted(hwgen.__all__) == sorted(command.name for command in cli.app.registered_commands)

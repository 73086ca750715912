# SPDX-License-Identifier: Apache-2.0
"""hwgen: quantized ONNX in, verified Verilog out.

The functions have the names of the commands: check, build, sim, report, run, trace, quantize and doctor. Each is loaded
when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hwgen.diagnosis import diagnose as doctor
    from hwgen.golden import run, trace
    from hwgen.pipeline import build, check
    from hwgen.quantizer import quantize
    from hwgen.reports.report import report
    from hwgen.simulate import simulate as sim

__version__ = "0.1.0"
_HOMES = {
    "build": ("hwgen.pipeline", "build"),
    "check": ("hwgen.pipeline", "check"),
    "doctor": ("hwgen.diagnosis", "diagnose"),
    "quantize": ("hwgen.quantizer", "quantize"),
    "report": ("hwgen.pipeline", "report"),
    "run": ("hwgen.pipeline", "run"),
    "sim": ("hwgen.pipeline", "sim"),
    "trace": ("hwgen.pipeline", "trace"),
}
__all__ = ["build", "check", "doctor", "quantize", "report", "run", "sim", "trace"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'hwgen' has no attribute '{name}'")
    module, function = _HOMES[name]
    return getattr(import_module(module), function)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

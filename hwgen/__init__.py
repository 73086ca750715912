# SPDX-License-Identifier: Apache-2.0
"""hwgen: quantized ONNX in, verified Verilog out.

The functions have the names of the commands: check, build, sim, report, run, trace, quantize, prune and doctor. Each is loaded
when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hwgen.api import build, check, doctor, prune, quantize, report, run, sim, trace

__version__ = "0.1.0"
__all__ = ["build", "check", "doctor", "prune", "quantize", "report", "run", "sim", "trace"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'hwgen' has no attribute '{name}'")
    return getattr(import_module("hwgen.api"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

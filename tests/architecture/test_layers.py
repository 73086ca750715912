# SPDX-License-Identifier: Apache-2.0
"""Who may import whom. The layers of packages stand in .importlinter; here are the rules that go by file name."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT, imports, module_name, python_files

KERNEL_FILES = python_files("hwgen/kernels", "hwgen/encodings")


def _breaches(files: list[Path], forbidden: str, with_lazy: bool = True) -> list[str]:
    pattern = re.compile(forbidden)
    return [f"{module_name(f)} imports {m}" for f in files for m in sorted(imports(f, with_lazy)) if pattern.match(m)]


def _named(pattern: str) -> list[Path]:
    return [f for f in KERNEL_FILES if re.fullmatch(pattern, f.stem)]


def test_the_layers_of_packages_hold() -> None:
    lint = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([lint, "--no-logo"], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_golden_models_and_foldings_know_no_gateware() -> None:
    assert _breaches(_named("op|folding.*|code"), r"amaranth|hwgen\.hdl|hwgen\.rtl|.*\.(unit|decoder|kernel)\b") == []


def test_units_know_no_golden_model() -> None:
    assert _breaches(_named("unit.*|decoder.*"), r"hwgen\.kernels\.\w+\.(op|kernel)\b|hwgen\.plan|hwgen\.rtl") == []


def test_kernels_load_their_units_only_when_asked() -> None:
    assert _breaches(_named("kernel.*|base|catalog"), r"amaranth|hwgen\.hdl|.*\.unit", with_lazy=False) == []


def test_only_a_kernel_imports_its_units() -> None:
    others = [f for f in python_files(*PACKAGES) if not re.match(r"kernel|unit", f.stem)]
    assert _breaches(others, r"hwgen\.kernels\.\w+\.unit") == []


def test_the_frontend_takes_nothing_of_the_kernels_but_operators() -> None:
    allowed = r"hwgen\.kernels(?!$|\.\w+$|\.\w+\.op\b)"
    assert _breaches(python_files("onnx_frontend"), allowed) == []


def test_the_bench_imports_no_hwgen() -> None:
    assert _breaches(python_files("sim"), r"hwgen|onnx_frontend") == []


@pytest.mark.parametrize("package", ["hwgen/kernels", "hwgen/encodings"])
def test_package_files_of_operator_families_hold_no_code(package: str) -> None:
    full = [f for f in python_files(package) if f.name == "__init__.py" and imports(f)]
    assert full == []

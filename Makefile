# SPDX-License-Identifier: Apache-2.0
# From the operating system: g++ make python3-venv libpython3-dev. Everything else goes into .venv.
PYTHON ?= python3
JOBS ?= 2
BIN := .venv/bin
STAMP := .venv/.installed
DEMO := rtl_out/digits_cnn

.PHONY: help env demo test lint format types acceptance conformance clean
.DEFAULT_GOAL := help

help:
	@echo "make demo        an ONNX file becomes Verilog, is simulated, placed and routed"
	@echo "make test        every test (JOBS=$(JOBS) at a time)"
	@echo "make acceptance  the long measurements into docs/measured.json; what passed is not run again"
	@echo "make conformance the ONNX backend node tests; writes docs/conformance.md"
	@echo "make env         only create .venv, with everything in it"
	@echo "make lint        ruff and the layer rules; also make format, make types"
	@echo "make clean       removes .venv and generated files; hwgen doctor --clean empties the cache"

env: $(STAMP)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is older than 3.11; say make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "error: install the system package python3-venv"; exit 1; }
	@echo "installing hwgen and its tools into .venv (about 600 MB, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: env
	@$(BIN)/hwgen doctor --quiet
	@$(BIN)/hwgen check examples/digits_cnn.onnx
	@$(BIN)/hwgen build examples/digits_cnn.onnx -o $(DEMO) --target ecp5-25k --fps 50000
	@$(BIN)/hwgen sim $(DEMO) --inputs examples/digits_cnn.npz --backpressure random
	@$(BIN)/hwgen report $(DEMO)

lint: env
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/lint-imports --no-logo | tail -n 1

format: env
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format --quiet .

types: env
	@$(BIN)/mypy

test: lint
	@$(BIN)/python -m pytest -q -n $(JOBS) -m "not acceptance and not conformance"

acceptance: env
	@$(BIN)/python -m pytest -q -m acceptance

conformance: env
	@$(BIN)/python -m pytest -q -m conformance tests/conformance

clean:
	@rm -rf .venv dist build .pytest_cache .hypothesis .ruff_cache .mypy_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@find rtl_out -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +

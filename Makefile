# make run    grade the sample class             make test   the whole test suite
# make lint   ruff and mypy                      make bench  speed, as ratios in one run
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test test-kernels test-others lint bench clean system

run: system $(VENV)/installed
	$(BIN)/grader data fetch || true
	$(BIN)/grader run submissions/

test: system $(VENV)/installed-dev
	.ci/packages chromium
	$(BIN)/grader data fetch
	@echo "Two suites side by side, a quarter of an hour; each says what it found when it is through."
	@$(MAKE) --no-print-directory --jobs 2 --output-sync test-kernels test-others

# What runs inside a kernel is tested in forks of one warm process, hence by a pytest of its own. The catalogue of
# mutants is here so that both suites take about as long.
test-kernels:
	$(BIN)/python -m pytest tests/kernel/inside
	$(BIN)/python -m pytest tests/kernel --ignore tests/kernel/inside
	$(BIN)/python -m pytest tests/validation

test-others:
	$(BIN)/python -m pytest --ignore tests/kernel --ignore tests/validation

lint: system $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: system $(VENV)/installed-dev
	$(BIN)/python -m tests.benchmarks

system:
	@.ci/packages bubblewrap dataset-fashion-mnist

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "grader needs Python 3.11 or newer; name one with: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || .ci/packages python3-venv
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml .ci/constraints.txt
	$(BIN)/pip install --quiet --constraint .ci/constraints.txt --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet --constraint .ci/constraints.txt --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) results

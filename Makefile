# make run           grade the sample class
# make lint          ruff, mypy, and the layers of the house
# make test          the tests that belong to every change
# make test-system   the sample class and the catalogue of mutants, graded and compared; attacks in every sandbox
# make test-install  the installed wheel, away from this folder; the tests without kernels on other Pythons
# make bench         speed, as ratios in one run
# make clean         remove the environment and the results
SHELL := /bin/bash
PYTHON ?= python3
# Other Pythons to test with: make test-install PYTHONS="python3.12 python3.13"
PYTHONS ?= $(wildcard $(HOME)/.pyenv/versions/3.1[23].*/bin/python)
VENV := .venv
BIN := $(VENV)/bin
# How many tests run at a time; each that starts kernels may take a core and 2 GB.
WORKERS ?= 2
PYTEST = $(BIN)/python -m pytest --numprocesses $(WORKERS)

.PHONY: run test test-quick test-kernels test-system test-install lint bench clean system data

run: system $(VENV)/installed
	$(BIN)/grader data fetch || true
	$(BIN)/grader run submissions/

test: test-quick test-kernels

test-quick: data
	$(PYTEST) --dist worksteal --ignore tests/install --ignore tests/kernel/inside -m "not kernel and not system"

# What runs inside a kernel is tested in forks of one warm process, hence by a pytest of its own.
test-kernels: data
	$(PYTEST) --dist loadfile tests/kernel/inside
	$(PYTEST) --dist loadfile --ignore tests/install --ignore tests/kernel/inside -m "kernel and not system"

test-system: data
	$(PYTEST) --dist worksteal --ignore tests/install --ignore tests/kernel/inside -m "system and not alone"
	$(BIN)/python -m pytest --ignore tests/install --ignore tests/kernel/inside -m "system and alone"

test-install: data
	$(BIN)/python -m pytest tests/install
	@test -n "$(PYTHONS)" || echo 'No other Python is here to test with; name some with: make test-install PYTHONS="…"'
	@for python in $(PYTHONS); do .ci/with-python $$python $(WORKERS) || exit 1; done

lint: system $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

data: system $(VENV)/installed-dev
	@.ci/packages chromium libseccomp2
	$(BIN)/grader data fetch

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

# Everything a newcomer needs: `make run` and `make test`. Each sets itself up; neither needs the other.
.DEFAULT_GOAL := help
.PHONY: help install install-dev run test check bench hostile mutate content clean lock
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
TESTS ?= tests

help:
	@echo "make run       start the service, send it three ready-made requests, show the cards (PORT=8000)"
	@echo "make test      all checks: format, lint, types, import contracts, tests"
	@echo "make install   the environment only: .venv/bin/spinal-cds"
	@echo "make bench     throughput, latency and memory beside a floor measured in the same run"
	@echo "make hostile   hostile input at full size: minutes, and a table of what was sent and how it was answered"
	@echo "make mutate    break domain and rules in some 6,700 small ways, and a table of how many the tests noticed"
	@echo "make content   write docs/clinical-content.md anew; CHANGE='what and why' also adds a line to its change log"
	@echo "make lock      write the lock files anew from pyproject.toml (needs uv)"

# The first Python from 3.11 on; PYTHON=... names another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

define install_from
@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer is needed; none was found. Name one with PYTHON=..." >&2; exit 1; fi
@if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	echo "$(PYTHON) is too old or does not start; Python 3.11 or newer is needed." >&2; exit 1; fi
@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV) || { \
	echo "The environment could not be made; on Debian install python3-venv." >&2; rm -rf $(VENV); exit 1; }
@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1) 2>$(VENV)/install.log || { \
	grep -qiE 'resolve|connection|network|timed out|no matching distribution' $(VENV)/install.log \
	&& echo "No package index could be reached to install $(1); details: $(VENV)/install.log" >&2 \
	|| echo "Installing $(1) failed; details: $(VENV)/install.log" >&2; exit 1; }
@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . 2>>$(VENV)/install.log || { \
	echo "Installing the project failed; details: $(VENV)/install.log" >&2; exit 1; }
@touch $(2)
endef

$(VENV)/.installed: requirements.lock pyproject.toml
	$(call install_from,requirements.lock,$(VENV)/.installed)

$(VENV)/.installed-dev: requirements-dev.lock pyproject.toml
	$(call install_from,requirements-dev.lock,$(VENV)/.installed-dev)
	@touch $(VENV)/.installed

install: $(VENV)/.installed

install-dev: $(VENV)/.installed-dev

run: install
	@$(BIN)/spinal-cds demo --port $(PORT)

check: install-dev
	@$(BIN)/ruff format --check --quiet . || { echo "ruff format: run $(BIN)/ruff format ." >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

test: check
	@$(BIN)/pytest -n auto -q $(TESTS)

bench: install-dev
	@$(BIN)/python -m tests.benchmarks.bench $(BENCH)

hostile: install-dev
	@HOSTILE=full $(BIN)/pytest -n auto -q tests/hostile tests/plugin/test_both_paths.py

mutate: install-dev
	@rm -rf mutants
	@$(BIN)/mutmut run
	@$(BIN)/mutmut results --all true | $(BIN)/python -m tests.mutation.score

content: install
	@$(BIN)/spinal-cds content --markdown >docs/clinical-content.md
	@if [ -n "$(CHANGE)" ]; then $(BIN)/spinal-cds content --change "$(CHANGE)" >>docs/CHANGELOG-knowledge.md; fi

lock:
	uv pip compile pyproject.toml --extra build --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header -o requirements.lock
	uv pip compile pyproject.toml --extra build --extra otel --extra dev -c requirements.lock --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header -o requirements-dev.lock

clean:
	rm -rf $(VENV) .run build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache mutants

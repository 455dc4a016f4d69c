# Two commands do everything: `make nightly` and `make test`. `make help` lists the others.
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
SIZE ?= S
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps

.PHONY: help nightly test ui demo lint benchmark lock clean

help:
	@echo "make nightly    environment, demo consortium if nothing was delivered, the whole night"
	@echo "make test       environment, all tests"
	@echo "make ui         the Dagster UI with schedule and sensors on"
	@echo "make lint       ruff and mypy"
	@echo "make benchmark  SIZE=S|M|L: the night against its floor"
	@echo "make lock       choose requirements anew"
	@echo "make clean      throw demo data, lake, warehouse and publications away"

.venv/.made:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; none was found. Install one, or say make PYTHON=/path/to/python3"; exit 1; }
	@echo "Making the environment in .venv (once; a few minutes)."
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.runtime: .venv/.made requirements/runtime.lock pyproject.toml
	$(PIP) --require-hashes -r requirements/runtime.lock
	$(PIP) --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.runtime requirements/dev.lock
	$(PIP) --require-hashes -r requirements/dev.lock
	@touch $@

nightly: .venv/.runtime
	$(BIN)/yilian nightly --demo

ui: .venv/.runtime
	$(BIN)/yilian ui

demo: .venv/.runtime
	$(BIN)/yilian demo --size $(SIZE)

test: .venv/.dev
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy

benchmark: .venv/.dev
	$(BIN)/python -m tests.benchmark --size $(SIZE)

lock: .venv/.dev
	$(BIN)/python -m pip install --quiet uv
	for set in runtime dev; do $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --quiet requirements/$$set.in --output-file requirements/$$set.lock; done

clean:
	rm -rf .yilian dbt_project/target dbt_project/logs

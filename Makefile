# make run: install, then the whole pipeline.  make test: install what tests need, then the tests.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# torch is installed first and pinned, so that nothing drags in another build of it with CUDA packages.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: run test check scratch seeds bench ui clean
.DEFAULT_GOAL := run

run: $(VENV)/.core
	@$(BIN)/l2s run

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

scratch: $(VENV)/.dev  ## the whole pipeline in a scratch clone, with few problems
	$(BIN)/python -m tests.scratch

seeds: $(VENV)/.core  ## train and measure the family of two other seeds, in scratch clones
	$(BIN)/python -m tests.seeds 1 2

bench: $(VENV)/.core  ## the merge engine against mergekit (installed apart) and against copying; half an hour
	$(BIN)/python -m bench.merge

ui: $(VENV)/.core  ## the Prefect UI, and the pipeline against it
	@$(BIN)/l2s ui

$(VENV)/.core: pyproject.toml constraints.txt
	@echo "installing into $(VENV) (about two minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(INSTALL) torch
	@$(INSTALL) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	@$(INSTALL) -e '.[dev]'
	@touch $@

docs/report.png: data/report/index.html  ## the page as README shows it, from a headless Chromium
	$(BIN)/python -m tests.report.picture $< $@

clean:  ## forget everything but the sources and the embedded models
	rm -rf .l2s data/merged data/responses data/verdicts data/summary data/report data/benchmarks

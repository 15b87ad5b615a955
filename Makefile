# make run: install, then the whole pipeline.  make test: install what tests need, then the tests.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# torch is installed first and pinned, so that nothing drags in another build of it with CUDA packages.
INSTALL := $(BIN)/python -m pip install --no-compile --quiet --disable-pip-version-check -c constraints.txt
# Compiles on all cores what pip would compile on one; uncompiled, every process of a run reads the sources anew. Some
# packages carry files that are no Python, which it says by its exit code alone.
COMPILE := $(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true

# What runs here keeps what it compiles, whatever the shell says: else every process would compile our sources anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-long test-slow test-shuffled check docs scratch seeds bench bench-pipeline bench-generation bench-grading bench-training gpu-check vllm ui clean
.DEFAULT_GOAL := run

run: $(VENV)/.core
	@$(BIN)/l2s run

# The tests of the vLLM engine, which are long, run where it can be installed, unless L2S_NO_VLLM=1.
ifeq ($(shell uname -sm) $(L2S_NO_VLLM),Linux x86_64 )
WITH_VLLM := $(VENV)/.vllm
endif

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow and not long"

test-long: $(VENV)/.dev $(WITH_VLLM)  ## what make test leaves out and CI runs: a few minutes
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "long and not slow"

SEED ?= 1
test-shuffled: $(VENV)/.dev $(WITH_VLLM)  ## the tests in another order, on folders listed in another order, elsewhere
	TZ=Asia/Kathmandu LC_ALL=C L2S_SHUFFLED=$(SEED) $(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow" --random-order-seed=$(SEED)

test-slow: $(VENV)/.dev $(WITH_VLLM)  ## kills at random moments, whole pipelines, nights: an hour
	$(BIN)/python -m pytest -m slow

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/l2s code --check

docs: $(VENV)/.dev  ## the pages as a site in site/, without the network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

scratch: $(VENV)/.dev  ## the whole pipeline in a scratch clone, with few problems
	$(BIN)/python -m tests.scratch

seeds: $(VENV)/.core  ## train and measure the family of two other seeds, in scratch clones
	$(BIN)/python -m tests.seeds 1 2

bench: $(VENV)/.core  ## the merge engine against mergekit (installed apart) and against copying; a quarter of an hour
	$(BIN)/python -m bench.merge

bench-pipeline: $(VENV)/.dev  ## what the pipeline itself costs, in scratch clones with few problems; a quarter of an hour
	$(BIN)/python -m bench.pipeline

bench-generation: $(VENV)/.core $(WITH_VLLM)  ## our decoding loop against padded generate and against vLLM; five minutes
	$(BIN)/python -m bench.generation

bench-grading: $(VENV)/.dev  ## the graders against each other; L2S_SHARED_DATA: a folder with the published files
	$(BIN)/python -m bench.grading

bench-training: $(VENV)/.core  ## every method of docs/training.md on the embedded family, measured; half an hour
	OMP_NUM_THREADS=1 $(BIN)/python -m bench.training data/models .l2s/bench-training

gpu-check: $(VENV)/.core  ## what CPUs cannot show: CUDA merges, vLLM on CUDA, training on a GPU; eight minutes on one
	@$(BIN)/python -m bench.gpu_check

vllm: $(VENV)/.vllm  ## add the vLLM engine: its CPU build, or where there is an NVIDIA GPU the CUDA build

ui: $(VENV)/.core  ## the Prefect UI, and the pipeline against it
	@$(BIN)/l2s ui

$(VENV)/.core: pyproject.toml constraints.txt
	@echo "installing into $(VENV) (about two minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(INSTALL) torch
	@$(INSTALL) -e '.[pipeline]'
	@$(COMPILE)
	@$(BIN)/python -m l2s.compile
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	@$(INSTALL) -e '.[dev]'
	@$(COMPILE)
	@touch $@

$(VENV)/.vllm: $(VENV)/.core requirements/vllm-cpu.txt requirements/vllm-cuda.txt
	@BIN=$(BIN) INSTALL="$(INSTALL)" sh requirements/vllm.sh
	@$(COMPILE)
	@touch $@

docs/report.png: data/report/index.html  ## the page as README shows it, from a headless Chromium
	$(BIN)/python -m tests.report.picture $< $@

clean:  ## forget everything but the sources and the embedded models
	rm -rf .l2s data/lineage/*/ data/merged data/samples data/gathered data/trained data/searches data/responses data/verdicts data/summary data/report data/benchmarks

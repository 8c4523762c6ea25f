# One target per stage. `make demo` runs the pipeline on a CPU, `make test` tests it, `make help` lists all targets.
.SUFFIXES:
.DEFAULT_GOAL := help
unexport PYTHONDONTWRITEBYTECODE # so that libraries are compiled once, not for every command

SHOPTUNE := .venv/bin/shoptune

# -- Set-up ------------------------------------------------------------------------------------------------------------

# STAGES="data merge" installs only what these stages need. KIND=cpu|gpu overrides the detected kind of machine (gpu if
# nvidia-smi works). WITH="dev ray search" adds packages for tests and checks (dev), `--engine ray` of data build and infer (ray) and
# sweeps that search (search).

SETUP = requirements/setup.sh --kind "$(KIND)"
.PHONY: setup
setup: ## install the environments: [STAGES="data merge ..."] [KIND=cpu|gpu] [WITH="dev ray search"]
	@$(SETUP) --with "$(WITH)" $(STAGES)

# -- The pipeline: one target per stage, which first runs its dependencies ---------------------------------------------
# Without TRACK, the targets run the demo in runs/demo. With TRACK, they train Qwen2-72B for a track of the challenge:
# make export TRACK=1 RUN=runs/kdd24 RAW=raw QUESTIONS=development.json

.PHONY: demo rehearsal data teach train sweep merge quantize infer evaluate export report
# data: build the rows of each adapter's mixture
# teach: ask a teacher for product types, and build rows with them (demo only)
# train: train the adapters
# sweep: score the ensemble over wise-ft alphas on the development questions
# merge: merge the ensemble with the best alpha
# quantize: pad the merged checkpoint with zeros and quantize it to 4 bits
# infer: answer the questions
# evaluate: score the answers
# export: write the submission folder
# report: write scores.json and report.html

ifdef TRACK
include pipelines/track.mk
else
include pipelines/demo.mk
endif

demo: ## run the whole pipeline on a CPU, into runs/demo
	@$(MAKE) --no-print-directory setup
	@$(MAKE) --no-print-directory report TRACK=

rehearsal: ## run the configs of the 72B chain on a CPU with a tiny base: make rehearsal TRACK=1
	@$(MAKE) --no-print-directory setup
	@$(MAKE) --no-print-directory export report REHEARSAL=1 TRACK=$(or $(TRACK),1)

# -- Committed files that can be regenerated ---------------------------------------------------------------------------

.PHONY: shop tiny-base locks
shop: ## regenerate the made-up shop's raw files and questions (same bytes)
	@$(SETUP) data
	.venv/bin/python -m examples.make_shop

tiny-base: ## retrain the tiny base model (one to two hours)
	@$(SETUP) train
	.venv/bin/python -m examples.make_tiny_base prepare
	$(SHOPTUNE) train examples/tiny_base_recipe/lists.yaml --out runs/tiny-base/lists
	.venv/bin/python -m examples.make_tiny_base continue
	$(SHOPTUNE) train examples/tiny_base_recipe/entities.yaml --out runs/tiny-base/entities
	.venv/bin/python -m examples.make_tiny_base finish

locks: ## regenerate requirements/{cpu,gpu}/*.txt: [KIND=cpu|gpu]
	requirements/lock.sh $(KIND)

# -- Checks ------------------------------------------------------------------------------------------------------------

.PHONY: test test-fast lint docs check bench clean help
# Workers get one test at a time, in the order of tests/end_to_end/conftest.py: slow tests first, fast ones in the gaps.
test: ## install the environments, then run all tests
	@$(SETUP) --with "dev ray search" train quantize gptq infer
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest --numprocesses auto --dist load --maxschedchunk 1

# Each worker gets a contiguous half, so that what the tests of a file share is made once.
test-fast: ## run the tests that need no model stack and no browser, and are quick, in parallel
	@$(SETUP) --with dev data
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -m "not slow" --numprocesses auto --dist worksteal

lint: ## run ruff and mypy, and check import layers and docs/configs.md
	@$(SETUP) --with dev data
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache
	.venv/bin/python docs/generate.py --check

docs: ## generate docs/configs.md from the config models
	@$(SETUP) data
	.venv/bin/python docs/generate.py

check: lint test ## run everything that CI checks

bench: ## run all benchmarks (hours), after the demo; results go to runs/benchmarks
	@$(MAKE) --no-print-directory demo
	.venv/bin/python benchmarks/all.py

clean: ## remove the files written by the demo and the rehearsal
	rm -rf runs/demo runs/rehearsal

help: ## list all targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-12s %s\n", $$1, $$2}' Makefile
	@awk -F ': ' '/^# [a-z]+: / {printf "%-12s %s\n", substr($$1, 3), $$2}' Makefile

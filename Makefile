# One target per stage. `make demo` runs the whole pipeline on a CPU; `make test` tests it. `make help` lists all.
.SUFFIXES:
.DEFAULT_GOAL := help
unexport PYTHONDONTWRITEBYTECODE # libraries are compiled once, not at every command

SHOPTUNE := .venv/bin/shoptune

# -- Set-up ------------------------------------------------------------------------------------------------------------

# STAGES="data merge": only what these stages need. KIND=cpu|gpu: another kind of machine than the one found (gpu where
# nvidia-smi answers). WITH="dev ray search": what tests and checks, `data build --engine ray` and searching sweeps need.

SETUP = requirements/setup.sh --kind "$(KIND)"
.PHONY: setup
setup: ## install the environments: [STAGES="data merge ..."] [KIND=cpu|gpu] [WITH="dev ray search"]
	@$(SETUP) --with "$(WITH)" $(STAGES)

# -- The pipeline: one target per stage, which runs what it depends on -------------------------------------------------
# Without TRACK, the demo in runs/demo. With it, Qwen2-72B for a track of the challenge:
# make export TRACK=1 RUN=runs/kdd24 RAW=raw QUESTIONS=development.json

.PHONY: demo rehearsal data train sweep merge quantize infer evaluate export report
# data: build the rows of each adapter's mixture
# train: train the adapters
# sweep: score the ensemble over wise-ft alphas on the development questions
# merge: merge the ensemble at the best alpha
# quantize: pad the merged checkpoint with zeros and quantize it to 4 bits
# infer: answer the questions
# evaluate: score the answers
# export: make the submission folder
# report: write scores.json and report.html

ifdef TRACK
include pipelines/track.mk
else
include pipelines/demo.mk
endif

demo: ## run the whole pipeline on a CPU, into runs/demo
	@$(MAKE) --no-print-directory setup
	@$(MAKE) --no-print-directory report TRACK=

rehearsal: ## run the 72B chain's own configs on a CPU with a tiny base: make rehearsal TRACK=1
	@$(MAKE) --no-print-directory setup
	@$(MAKE) --no-print-directory export report REHEARSAL=1 TRACK=$(or $(TRACK),1)

# -- Files that are made once and kept ---------------------------------------------------------------------------------

.PHONY: shop tiny-base locks
shop: ## make the made-up shop's raw files and questions again (same bytes)
	@$(SETUP) data
	.venv/bin/python -m examples.make_shop

tiny-base: ## train the tiny base model again (one to two hours)
	@$(SETUP) train
	.venv/bin/python -m examples.make_tiny_base prepare
	$(SHOPTUNE) train examples/tiny_base_recipe/train.yaml --out runs/tiny-base/model
	.venv/bin/python -m examples.make_tiny_base finish

locks: ## resolve requirements/{cpu,gpu}/*.txt again: [KIND=cpu|gpu]
	requirements/lock.sh $(KIND)

# -- Checks ------------------------------------------------------------------------------------------------------------

.PHONY: test test-fast lint docs check bench clean help
# One test at a time to each worker, in the order of tests/end_to_end/conftest.py: slow ones first, fast ones in the gaps.
test: ## set up, then run every test
	@$(SETUP) --with "dev search"
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest --numprocesses auto --dist load --maxschedchunk 1

test-fast: ## the tests without the model stack, in parallel: under a minute on two cores
	@$(SETUP) --with dev data
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -m "not slow" --numprocesses auto

lint: ## ruff, mypy, the layers of imports, and whether docs/configs.md is up to date
	@$(SETUP) --with dev data
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache
	.venv/bin/python docs/generate.py --check

docs: ## write docs/configs.md from the config models
	@$(SETUP) data
	.venv/bin/python docs/generate.py

check: lint test ## everything that CI checks

bench: ## run every benchmark (hours), after the demo; figures are kept in runs/benchmarks
	@$(MAKE) --no-print-directory demo
	.venv/bin/python benchmarks/all.py

clean: ## remove what the demo and the rehearsal made
	rm -rf runs/demo runs/rehearsal

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-12s %s\n", $$1, $$2}' Makefile
	@awk -F ': ' '/^# [a-z]+: / {printf "%-12s %s\n", substr($$1, 3), $$2}' Makefile

# One target a stage. `make demo` runs the whole pipeline on a CPU; `make test` tests it. `make help` lists all.
.SUFFIXES:
.DEFAULT_GOAL := help
unexport PYTHONDONTWRITEBYTECODE # libraries are compiled once, not at every command

SHOPTUNE := .venv/bin/shoptune
DEMO := runs/demo
QUESTIONS := examples/questions
BASE := examples/tiny_base
ENVIRONMENTS := core train quantize infer

# -- Set-up ------------------------------------------------------------------------------------------------------------

.PHONY: setup $(ENVIRONMENTS:%=setup-%)
setup: $(ENVIRONMENTS:%=setup-%) ## install the four environments (nothing to do when they are up to date)
$(ENVIRONMENTS:%=setup-%): setup-%:
	@requirements/install.sh $*

# -- The demo: raw data in, a scored 4-bit model and its submission folder out -----------------------------------------
# Every artifact is a folder whose manifest.json is written last; make compares the manifests' times.

.PHONY: demo data train merge quantize infer evaluate sweep export report
demo: ## run the whole pipeline into runs/demo
	@$(MAKE) --no-print-directory setup
	@$(MAKE) --no-print-directory report

MODELS := base adapter-a adapter-b merged merged-free awq
data: $(DEMO)/data-a/manifest.json $(DEMO)/data-b/manifest.json ## build the rows of the demo's two mixtures
train: $(DEMO)/adapter-a/manifest.json $(DEMO)/adapter-b/manifest.json ## train the demo's two adapters
sweep: $(DEMO)/sweep/manifest.json ## score the ensemble over wise-ft's alpha, on the development questions
merge: $(DEMO)/merged/manifest.json $(DEMO)/alone/adapter-a/manifest.json $(DEMO)/alone/adapter-b/manifest.json ## merge the ensemble at the best alpha
quantize: $(DEMO)/awq/manifest.json ## pad and quantize the merged checkpoint
infer: $(MODELS:%=$(DEMO)/answers/%/manifest.json) ## answer the held-out questions with every model
evaluate: $(MODELS:%=$(DEMO)/scores/%/manifest.json) ## score the answers
export: $(DEMO)/submission/manifest.json ## make the submission folder
report: $(DEMO)/report.html ## write scores.json and report.html

$(DEMO)/data-%/manifest.json: data_recipes/mixtures/demo-%.yaml $(wildcard data_recipes/*.yaml)
	$(SHOPTUNE) data build $< --raw examples/raw --out $(@D)

$(DEMO)/adapter-%/manifest.json: training_configs/demo-%.yaml $(DEMO)/data-%/manifest.json $(BASE)/manifest.json
	$(SHOPTUNE) train $< --out $(@D)

$(DEMO)/sweep/manifest.json: merge/sweeps/demo.yaml merge/demo.yaml infer/cpu-float32.yaml $(QUESTIONS)/development.json \
    $(DEMO)/adapter-a/manifest.json $(DEMO)/adapter-b/manifest.json
	$(SHOPTUNE) sweep $< --out $(@D)

$(DEMO)/merged/manifest.json: $(DEMO)/sweep/manifest.json
	$(SHOPTUNE) merge $(DEMO)/sweep/best.yaml --out $(@D)

$(DEMO)/alone/%/manifest.json: merge/demo.yaml $(DEMO)/%/manifest.json
	$(SHOPTUNE) merge $< --set 'adapters=[{path: $(DEMO)/$*}]' --set wise_ft_alpha=1 --out $(@D)

$(DEMO)/awq/manifest.json: quantize/demo.yaml $(DEMO)/merged/manifest.json $(QUESTIONS)/development.json
	$(SHOPTUNE) quantize $< --out $(@D)

answer = $(SHOPTUNE) infer $(1) --model $(2) --questions $(QUESTIONS)/held_out.json --out $(@D)
$(DEMO)/answers/base/manifest.json: infer/cpu-float32.yaml $(BASE)/manifest.json $(QUESTIONS)/held_out.json
	$(call answer,$<,$(BASE))
$(DEMO)/answers/adapter-%/manifest.json: infer/cpu-float32.yaml $(DEMO)/alone/adapter-%/manifest.json \
    $(QUESTIONS)/held_out.json
	$(call answer,$<,$(DEMO)/alone/adapter-$*)
$(DEMO)/answers/merged/manifest.json: infer/cpu-float32.yaml $(DEMO)/merged/manifest.json $(QUESTIONS)/held_out.json
	$(call answer,$<,$(DEMO)/merged)
free = --set constraints.multiple_choice=false --set constraints.retrieval=false --set constraints.ranking=false \
    --set constraints.entity_bias=0
$(DEMO)/answers/merged-free/manifest.json: infer/cpu-float32.yaml $(DEMO)/merged/manifest.json $(QUESTIONS)/held_out.json
	$(call answer,$<,$(DEMO)/merged) $(free)
$(DEMO)/answers/awq/manifest.json: infer/cpu.yaml $(DEMO)/awq/manifest.json $(QUESTIONS)/held_out.json
	$(call answer,$<,$(DEMO)/awq)

$(DEMO)/scores/%/manifest.json: $(DEMO)/answers/%/manifest.json
	$(SHOPTUNE) evaluate $(<D)/predictions.jsonl --questions $(QUESTIONS)/held_out.json --out $(@D)

$(DEMO)/submission/manifest.json: infer/cpu.yaml $(DEMO)/awq/manifest.json
	$(SHOPTUNE) export $< --model $(DEMO)/awq --track 5 --out $(@D)

# A stage publishes its folder whole or not at all: make need not delete a manifest when it is interrupted.
.PRECIOUS: $(DEMO)/data-%/manifest.json $(DEMO)/adapter-%/manifest.json $(DEMO)/alone/%/manifest.json \
    $(DEMO)/answers/adapter-%/manifest.json $(DEMO)/scores/%/manifest.json $(DEMO)/sweep/manifest.json \
    $(DEMO)/merged/manifest.json $(DEMO)/awq/manifest.json $(DEMO)/submission/manifest.json $(DEMO)/report.html \
    $(DEMO)/answers/base/manifest.json $(DEMO)/answers/merged/manifest.json \
    $(DEMO)/answers/merged-free/manifest.json $(DEMO)/answers/awq/manifest.json

$(DEMO)/report.html: $(MODELS:%=$(DEMO)/scores/%/manifest.json) $(DEMO)/sweep/manifest.json \
    $(DEMO)/submission/manifest.json
	$(SHOPTUNE) report $(DEMO)

# -- What is made once and kept ----------------------------------------------------------------------------------------

.PHONY: shop tiny-base locks
shop: setup-core ## make the made-up shop's raw files and questions anew (same bytes)
	.venv/bin/python examples/make_shop.py

tiny-base: setup-core setup-train ## train the tiny base model anew (an hour or two)
	.venv/bin/python examples/make_tiny_base.py prepare
	$(SHOPTUNE) train examples/tiny_base_recipe/train.yaml --out runs/tiny-base/model
	.venv/bin/python examples/make_tiny_base.py finish

locks: ## resolve requirements/*.txt anew
	requirements/lock.sh

# -- Checks ------------------------------------------------------------------------------------------------------------

.PHONY: test test-fast lint check bench clean help
# One test at a time to each worker, in the order of tests/end_to_end/conftest.py: slow ones first, fast ones in the gaps.
test: setup ## set up, then run every test
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest --numprocesses auto --dist load --maxschedchunk 1

test-fast: setup-core ## the tests that need no model stack, side by side: under a minute on two cores
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -m "not slow" --numprocesses auto

lint: setup-core ## ruff, mypy and the layers of imports
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache

check: lint test ## all that CI checks

bench: $(DEMO)/report.html ## run every benchmark (hours); figures are kept in runs/benchmarks
	.venv/bin/python benchmarks/all.py

clean: ## remove what the demo made
	rm -rf $(DEMO)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

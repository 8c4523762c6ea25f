# A track of the challenge with Qwen2-72B-Instruct, from raw files to a submission folder:
# make export TRACK=1 RUN=runs/kdd24 RAW=raw QUESTIONS=development.json
#
# Tracks 1, 3 and 5 share an ensemble, as do tracks 2 and 4 (paper 001), so they also share artifacts.
# `data` needs no GPU; `train` to `evaluate` need eight A100 GPUs. If the machines do not share a disk, copy RUN between
# them.

RUN ?= runs/kdd24
RAW ?= raw
# The 96 public questions, from the challenge's starter kit.
QUESTIONS ?= development.json
# A folder with the base model; the configs name the Hub id.
BASE ?=
# GPUs to train on.
PROCESSES ?= 8
# The profile that answers the questions on this machine; the submission uses infer/t4x4.yaml.
PROFILE ?= infer/a100.yaml

ENSEMBLE_1 := v8
ENSEMBLE_2 := v7
ENSEMBLE_3 := v8
ENSEMBLE_4 := v7
ENSEMBLE_5 := v8
ENSEMBLE := $(or $(ENSEMBLE_$(TRACK)),$(error TRACK=$(TRACK): the tracks are 1 to 5))
ADAPTERS := $(ENSEMBLE)

# Additional options per stage, which override values of the configs.
base = $(if $(BASE),--set $(1)=$(BASE))
DATA_FLAGS = $(call base,tokenizer)
TRAIN_FLAGS = $(call base,base_model) --processes $(PROCESSES)
SWEEP_FLAGS = $(call base,merge.base)
QUANTIZE_FLAGS =
INFER_FLAGS =
MEMBERS = --set merge.adapters.0.path=$(RUN)/adapters/$(ADAPTERS)
ifdef REHEARSAL
include pipelines/rehearsal.mk
endif

MODEL := $(RUN)/$(ENSEMBLE)
adapters := $(ADAPTERS:%=$(RUN)/adapters/%/manifest.json)
data: $(ADAPTERS:%=$(RUN)/data/%/manifest.json)
train: $(adapters)
sweep: $(MODEL)/sweep/manifest.json
merge: $(MODEL)/merged/manifest.json
quantize: $(MODEL)/awq/manifest.json
infer: $(MODEL)/answers/manifest.json
evaluate: $(MODEL)/scores/manifest.json
export: $(RUN)/track$(TRACK)/submission/manifest.json
report: $(MODEL)/report.html

$(RUN)/data/%/manifest.json: data_recipes/mixtures/%.yaml
	$(SHOPTUNE) data build $< --raw $(RAW) --set 'decontaminate_against=[$(QUESTIONS)]' $(DATA_FLAGS) --out $(@D)

$(RUN)/adapters/%/manifest.json: training_configs/%.yaml $(RUN)/data/%/manifest.json
	$(SHOPTUNE) train $< --set datasets.0.path=$(RUN)/data/$* $(TRAIN_FLAGS) --out $(@D)

$(MODEL)/sweep/manifest.json: merge/sweeps/$(ENSEMBLE).yaml merge/$(ENSEMBLE).yaml $(adapters)
	$(SHOPTUNE) sweep $< --set questions=$(QUESTIONS) $(MEMBERS) $(SWEEP_FLAGS) --out $(@D)

$(MODEL)/merged/manifest.json: $(MODEL)/sweep/manifest.json
	$(SHOPTUNE) merge $(<D)/best.yaml --out $(@D)

$(MODEL)/awq/manifest.json: quantize/awq-72b.yaml $(MODEL)/merged/manifest.json
	$(SHOPTUNE) quantize $< --set model=$(MODEL)/merged --set calibration.questions=$(QUESTIONS) $(QUANTIZE_FLAGS) \
	    --out $(@D)

$(MODEL)/answers/manifest.json: $(PROFILE) $(MODEL)/awq/manifest.json
	$(SHOPTUNE) infer $< --model $(MODEL)/awq --questions $(QUESTIONS) $(INFER_FLAGS) --out $(@D)

$(MODEL)/scores/manifest.json: $(MODEL)/answers/manifest.json
	$(SHOPTUNE) evaluate $(<D)/predictions.jsonl --questions $(QUESTIONS) --out $(@D)

# The evaluated answers are a dependency, so that no submission is exported without a score.
$(RUN)/track$(TRACK)/submission/manifest.json: infer/t4x4.yaml $(MODEL)/awq/manifest.json $(MODEL)/scores/manifest.json
	$(SHOPTUNE) export submission $< --model $(MODEL)/awq --track $(TRACK) --out $(@D)

$(MODEL)/report.html: $(MODEL)/scores/manifest.json
	$(SHOPTUNE) report $(MODEL)

.PRECIOUS: $(RUN)/data/%/manifest.json $(RUN)/adapters/%/manifest.json

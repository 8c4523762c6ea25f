# The demo: turns raw data into a scored 4-bit model and its submission folder, on a CPU.
DEMO := runs/demo
DEMO_QUESTIONS := examples/questions
BASE := examples/tiny_base

# Every artifact is a folder whose manifest.json is written last; make compares the modification times of manifests.

MODELS := base adapter-a adapter-b merged merged-free padded awq
data: $(DEMO)/data-a/manifest.json $(DEMO)/data-b/manifest.json
teach: $(DEMO)/data-teacher/manifest.json
train: $(DEMO)/adapter-a/manifest.json $(DEMO)/adapter-b/manifest.json
sweep: $(DEMO)/sweep/manifest.json
merge: $(DEMO)/merged/manifest.json $(DEMO)/alone/adapter-a/manifest.json $(DEMO)/alone/adapter-b/manifest.json
quantize: $(DEMO)/awq/manifest.json
infer: $(MODELS:%=$(DEMO)/answers/%/manifest.json)
evaluate: $(MODELS:%=$(DEMO)/scores/%/manifest.json)
export: $(DEMO)/submission/manifest.json
report: $(DEMO)/report.html

$(DEMO)/data-%/manifest.json: data_recipes/mixtures/demo-%.yaml $(wildcard data_recipes/*.yaml)
	$(SHOPTUNE) data build $< --raw examples/raw --out $(@D)

# The tiny base as a teacher: product types of a few products, and rows built with them, on which nothing is trained.
$(DEMO)/tables/manifest.json: $(wildcard examples/raw/reviews2023/*)
	$(SHOPTUNE) data ingest --raw examples/raw --source reviews2023 --out $(@D)
$(DEMO)/teacher/manifest.json: data_recipes/teacher/product_types.yaml infer/cpu-float32.yaml $(DEMO)/tables/manifest.json \
    $(BASE)/manifest.json
	$(SHOPTUNE) teach $< --tables $(DEMO)/tables --model $(BASE) --set backend.profile=infer/cpu-float32.yaml --limit 4 --out $(@D)
$(DEMO)/data-teacher/manifest.json: data_recipes/mixtures/demo-teacher.yaml $(wildcard data_recipes/*.yaml) $(DEMO)/teacher/manifest.json
	$(SHOPTUNE) data build $< --tables $(DEMO)/tables --teacher $(DEMO)/teacher --out $(@D)

$(DEMO)/adapter-%/manifest.json: training_configs/demo-%.yaml $(DEMO)/data-%/manifest.json $(BASE)/manifest.json
	$(SHOPTUNE) train $< --out $(@D)

$(DEMO)/sweep/manifest.json: merge/sweeps/demo.yaml merge/demo.yaml infer/cpu-float32.yaml $(DEMO_QUESTIONS)/development.json \
    $(DEMO)/adapter-a/manifest.json $(DEMO)/adapter-b/manifest.json
	$(SHOPTUNE) sweep $< --out $(@D)

$(DEMO)/merged/manifest.json: $(DEMO)/sweep/manifest.json
	$(SHOPTUNE) merge $(DEMO)/sweep/best.yaml --out $(@D)

$(DEMO)/alone/%/manifest.json: merge/demo.yaml $(DEMO)/%/manifest.json
	$(SHOPTUNE) merge $< --set 'adapters=[{path: $(DEMO)/$*}]' --set wise_ft_alpha=1 --out $(@D)

$(DEMO)/awq/manifest.json: quantize/demo.yaml $(DEMO)/merged/manifest.json $(DEMO_QUESTIONS)/development.json
	$(SHOPTUNE) quantize $< --out $(@D)

# Padding alone, to see in the score budget that it changes nothing.
$(DEMO)/padded/manifest.json: quantize/demo.yaml $(DEMO)/merged/manifest.json
	$(SHOPTUNE) quantize $< --set engine=pad --set awq=null --set parity=null --out $(@D)

answer = $(SHOPTUNE) infer $(1) --model $(2) --questions $(DEMO_QUESTIONS)/held_out.json --out $(@D)
$(DEMO)/answers/base/manifest.json: infer/cpu-float32.yaml $(BASE)/manifest.json $(DEMO_QUESTIONS)/held_out.json
	$(call answer,$<,$(BASE))
$(DEMO)/answers/adapter-%/manifest.json: infer/cpu-float32.yaml $(DEMO)/alone/adapter-%/manifest.json \
    $(DEMO_QUESTIONS)/held_out.json
	$(call answer,$<,$(DEMO)/alone/adapter-$*)
$(DEMO)/answers/merged/manifest.json: infer/cpu-float32.yaml $(DEMO)/merged/manifest.json $(DEMO_QUESTIONS)/held_out.json
	$(call answer,$<,$(DEMO)/merged)
$(DEMO)/answers/padded/manifest.json: infer/cpu-float32.yaml $(DEMO)/padded/manifest.json $(DEMO_QUESTIONS)/held_out.json
	$(call answer,$<,$(DEMO)/padded)
free = --set constraints.multiple_choice=false --set constraints.retrieval=false --set constraints.ranking=false \
    --set constraints.entity_bias=0
$(DEMO)/answers/merged-free/manifest.json: infer/cpu-float32.yaml $(DEMO)/merged/manifest.json $(DEMO_QUESTIONS)/held_out.json
	$(call answer,$<,$(DEMO)/merged) $(free)
$(DEMO)/answers/awq/manifest.json: infer/cpu.yaml $(DEMO)/awq/manifest.json $(DEMO_QUESTIONS)/held_out.json
	$(call answer,$<,$(DEMO)/awq)

$(DEMO)/scores/%/manifest.json: $(DEMO)/answers/%/manifest.json
	$(SHOPTUNE) evaluate $(<D)/predictions.jsonl --questions $(DEMO_QUESTIONS)/held_out.json --out $(@D)

$(DEMO)/submission/manifest.json: infer/cpu.yaml $(DEMO)/awq/manifest.json
	$(SHOPTUNE) export $< --model $(DEMO)/awq --track 5 --out $(@D)

# A stage publishes its folder completely or not at all, so make need not delete manifests when it is interrupted.
.PRECIOUS: $(DEMO)/data-%/manifest.json $(DEMO)/adapter-%/manifest.json $(DEMO)/alone/%/manifest.json \
    $(DEMO)/answers/adapter-%/manifest.json $(DEMO)/scores/%/manifest.json $(DEMO)/sweep/manifest.json \
    $(DEMO)/tables/manifest.json $(DEMO)/teacher/manifest.json $(DEMO)/data-teacher/manifest.json \
    $(DEMO)/merged/manifest.json $(DEMO)/padded/manifest.json $(DEMO)/awq/manifest.json $(DEMO)/submission/manifest.json $(DEMO)/report.html \
    $(DEMO)/answers/base/manifest.json $(DEMO)/answers/merged/manifest.json \
    $(DEMO)/answers/merged-free/manifest.json $(DEMO)/answers/padded/manifest.json $(DEMO)/answers/awq/manifest.json

$(DEMO)/report.html: $(MODELS:%=$(DEMO)/scores/%/manifest.json) $(DEMO)/sweep/manifest.json $(DEMO)/data-teacher/manifest.json \
    $(DEMO)/submission/manifest.json
	$(SHOPTUNE) report $(DEMO)

# The settings that a rehearsal overrides so that the configs of the 72B chain run on a CPU. All others are unchanged.
# The base has two layers with random weights, and widths that need padding like those of the 72B model
# (examples/make_rehearsal_base.py).

RUN := runs/rehearsal
RAW := examples/raw
# Two questions of every task.
QUESTIONS := $(RUN)/questions.json
BASE := $(RUN)/base
PROFILE := infer/t4x4.yaml
# Two adapters, so that an ensemble is merged.
ADAPTERS := $(ENSEMBLE) v9b
MEMBERS = --set 'merge.adapters=[{path: $(RUN)/adapters/$(ENSEMBLE), weight: 0.5}, {path: $(RUN)/adapters/v9b, weight: 0.5}]'

# The made-up shop has records for a thousandth of a mixture; five shards, as in v8.
DATA_FLAGS = $(call base,tokenizer) --set row_fraction=0.001 --set shard_rows=60 --set max_rejected=1
# Without CUDA, there is no bfloat16, no fused kernel and no paged optimizer. A few steps are enough.
TRAIN_FLAGS = $(call base,base_model) --set machine=cpu --set bf16=false --set tf32=false --set optimizer=adamw_torch \
    --set attn_implementation=sdpa --set lora_mlp_kernel=false --set lora_qkv_kernel=false --set lora_o_kernel=false \
    --set gradient_checkpointing=false --set sequence_len=512 --set gradient_accumulation_steps=1 \
    --set max_steps=2 --set logging_steps=1
# Two CPU ranks instead of eight GPUs.
cpu = $(1)engine.dtype=$(2) --set $(1)engine.tensor_parallel_size=2 --set $(1)engine.max_model_len=2048 \
    --set $(1)engine.enforce_eager=true --set $(1)engine.cpu_kv_cache_gib=1 --set $(1)engine.gpu_memory_utilization=null
SWEEP_FLAGS = $(call base,merge.base) --set 'alphas=[0, 0.56, 1.0]' --set $(call cpu,profile.,float32) \
    --set profile.engine.enable_lora=false --set merge.dtype=float32
QUANTIZE_FLAGS = --set device=cpu --set calibration.max_samples=8 --set calibration.max_length=256
INFER_FLAGS = --set $(call cpu,,bfloat16)
export VLLM_CPU_OMP_THREADS_BIND = 0|1
# vLLM compiles the function that ranks tokens in spite of enforce_eager; a C++ compiler takes longer than the answers.
export TORCH_COMPILE_DISABLE = 1

$(QUESTIONS): examples/questions/development.json
	mkdir -p $(@D)
	awk 'NR % 6 == 1' $< > $@

$(RUN)/base/manifest.json: examples/make_rehearsal_base.py
	.venv/bin/python -m examples.make_rehearsal_base $(@D)
$(RUN)/adapters/v8/manifest.json $(RUN)/adapters/v7/manifest.json $(RUN)/adapters/v9b/manifest.json: $(RUN)/base/manifest.json
$(RUN)/data/v8/manifest.json $(RUN)/data/v7/manifest.json $(RUN)/data/v9b/manifest.json: $(RUN)/base/manifest.json $(QUESTIONS)

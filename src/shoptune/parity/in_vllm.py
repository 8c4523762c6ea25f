"""Compute next-token distributions of a model served by vLLM; a program for the infer environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
os.environ.setdefault("VLLM_USE_FLASHINFER_SAMPLER", "0")

import numpy as np
import torch
from vllm import LLM, SamplingParams
from vllm.lora.request import LoRARequest

from shoptune.parity.compare import Distributions
from shoptune.parity.config import Parity
from shoptune.parity.prompts import Sequenced, load
from shoptune.runtime.gc_tuning import tune_garbage_collection
from shoptune.runtime.process import run_as_process

_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # the ranks that vLLM supports


def main(job_file: Path) -> None:
    """Compute all forms of a job; on GPUs, each in a separate process, whose exit frees the memory."""
    tune_garbage_collection()
    job = json.loads(job_file.read_text(encoding="utf-8"))
    parity, sequences = Parity.model_validate(job["parity"]), load(Path(job["tokens"]))
    if parity.device == "cpu":
        # vLLM compiles the function that ranks tokens even if `enforce_eager` is set, which takes a C++ compiler longer
        # than ranking them.
        torch.compiler.set_stance("force_eager")
    if parity.device == "cuda" and len(job["forms"]) > 1:
        for number, form in enumerate(job["forms"]):
            single = job_file.with_name(f"{job_file.stem}-{number}.json")
            single.write_text(json.dumps(job | {"forms": [form]}), encoding="utf-8")
            subprocess.run([sys.executable, "-W", "ignore", "-m", "shoptune.parity.in_vllm", str(single)], check=True)
        return
    for form in job["forms"]:
        distributions(form, parity, sequences).save(Path(form["out"]))


def distributions(form: Mapping[str, Any], parity: Parity, sequences: Sequence[Sequenced]) -> Distributions:
    """Return the distributions at the answers' tokens, as log-probabilities of prompts that end with the answer."""
    longest = max(len(sequence.prompt) + len(sequence.answer) for sequence in sequences)
    engine = LLM(
        form["path"],
        dtype=_dtype(form, parity),
        max_model_len=longest + 1,
        max_logprobs=parity.top + 1,
        tensor_parallel_size=parity.tensor_parallel,
        enforce_eager=True,
        trust_remote_code=False,
        **_lora(form),
    )
    outputs = engine.generate(
        [{"prompt_token_ids": sequence.prompt + sequence.answer} for sequence in sequences],
        SamplingParams(temperature=0.0, max_tokens=1, prompt_logprobs=parity.top),
        use_tqdm=False,
        lora_request=LoRARequest("ensemble", 1, form["ensemble"]) if form["ensemble"] else None,
    )
    tokens, values = [], []
    for sequence, output in zip(sequences, outputs, strict=True):
        for listed in output.prompt_logprobs[len(sequence.prompt) :]:
            best = sorted(listed.items(), key=lambda entry: entry[1].rank)[: parity.top]
            tokens.append([token for token, _ in best])
            values.append([entry.logprob for _, entry in best])
    return Distributions(np.array(tokens), np.array(values, dtype=np.float64))


def _dtype(form: Mapping[str, Any], parity: Parity) -> str:
    """Return the element type: float16 on GPUs; float32 on a CPU, except for 4-bit weights, which need bfloat16."""
    if parity.device == "cuda":
        return "float16"
    return "bfloat16" if form["is_quantized"] else "float32"


def _lora(form: Mapping[str, Any]) -> dict[str, Any]:
    if not form["ensemble"]:
        return {}
    rank = json.loads((Path(form["ensemble"]) / "adapter_config.json").read_text(encoding="utf-8"))["r"]
    return {"enable_lora": True, "max_lora_rank": next(size for size in _RANKS if size >= rank)}


if __name__ == "__main__":
    run_as_process(lambda: main(Path(sys.argv[1])))

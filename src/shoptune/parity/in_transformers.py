"""Compute next-token distributions with transformers and PEFT; a program for the train environment."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.checkpoints.dequantize import dequantized_tensors
from shoptune.parity.compare import Distributions
from shoptune.parity.config import Parity
from shoptune.parity.prompts import Sequenced, load, prompts, save
from shoptune.runtime.process import run_as_process


def main(job_file: Path) -> None:
    """Compute all forms of a job; the first form also writes the answers that all forms are evaluated on."""
    job = json.loads(job_file.read_text(encoding="utf-8"))
    parity, tokens = Parity.model_validate(job["parity"]), Path(job["tokens"])
    for form in job["forms"]:
        model = load_form(form, parity)
        if not tokens.is_file():
            reference = Path(job["reference"])
            tokenizer = AutoTokenizer.from_pretrained(reference, trust_remote_code=False)
            asked = prompts(parity, tokenizer, reference)
            save([Sequenced(ids, _greedy(model, ids, parity.tokens)) for ids in asked], tokens)
        distributions(model, load(tokens), parity.top).save(Path(form["out"]))
        del model


def load_form(form: Mapping[str, Any], parity: Parity) -> Any:
    """Load a form with transformers, in float32 on a CPU and in float16 on GPUs."""
    path, cpu = Path(form["path"]), parity.device == "cpu"
    dtype = torch.float32 if cpu else torch.float16
    if form["is_quantized"]:
        return _load_dequantized(path, dtype, cpu=cpu)
    model: Any = AutoModelForCausalLM.from_pretrained(
        path, dtype=dtype, device_map=None if cpu else "auto", trust_remote_code=False
    )
    return (_with_adapters(model, form["adapters"]) if form["adapters"] else model).eval()


def _with_adapters(model: Any, adapters: Sequence[tuple[str, float]]) -> Any:
    """Load a model to which PEFT adds the delta of each adapter, times its factor, in every forward pass."""
    names = [f"adapter{number}" for number in range(len(adapters))]
    model = PeftModel.from_pretrained(model, adapters[0][0], adapter_name=names[0])
    for name, (path, _) in list(zip(names, adapters, strict=True))[1:]:
        model.load_adapter(path, name)
    model.base_model.set_adapter(names)
    factors = {name: factor for name, (_, factor) in zip(names, adapters, strict=True)}
    for module in model.modules():
        if isinstance(module, LoraLayer):
            for name in module.scaling:
                module.scaling[name] *= factors[name]
    return model


def _load_dequantized(path: Path, dtype: torch.dtype, *, cpu: bool) -> Any:
    """Load a 4-bit checkpoint with dequantized weights."""
    config = AutoConfig.from_pretrained(path, trust_remote_code=False)
    del config.quantization_config
    tensors = {name: tensor.to(dtype) for name, tensor in dequantized_tensors(Checkpoint(path))}
    make: Any = AutoModelForCausalLM.from_config
    model = make(config, dtype=dtype)
    model.load_state_dict(tensors, strict=False, assign=True)
    model.tie_weights()
    if not cpu:
        from accelerate import dispatch_model, infer_auto_device_map

        model = dispatch_model(model, infer_auto_device_map(model))
    return model.eval()


@torch.no_grad()
def distributions(model: Any, sequences: Sequence[Sequenced], top: int) -> Distributions:
    """Return the distributions at the tokens of the answers."""
    rows = []
    for sequence in sequences:
        ids = torch.tensor([sequence.prompt + sequence.answer[:-1]], device=model.device)
        logits = model(ids).logits[0, len(sequence.prompt) - 1 :]
        rows.append(logits.double().cpu().numpy())
    return Distributions.of_logits(np.concatenate(rows), top)


@torch.no_grad()
def _greedy(model: Any, prompt: Sequence[int], count: int) -> list[int]:
    """Return the most probable answer, including tokens after its end, since all forms get the same tokens."""
    ids = list(prompt)
    for _ in range(count):
        ids.append(int(model(torch.tensor([ids], device=model.device)).logits[0, -1].argmax()))
    return ids[len(prompt) :]


if __name__ == "__main__":
    run_as_process(lambda: main(Path(sys.argv[1])))

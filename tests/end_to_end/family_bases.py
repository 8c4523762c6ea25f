"""Seven families of models, tiny and random, as the training environment's transformers saves them.

Run in that environment: `python family_bases.py FOLDER` writes FOLDER/<family>/base, and a tuned copy of it, for each.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import axolotl
import torch
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

_TEMPLATES = Path(axolotl.__file__).parent / "utils" / "chat_templates" / "templates"
_SHAPE = {
    "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "max_position_embeddings": 1024, "initializer_range": 0.15,
}  # fmt: skip
_LLAMA3 = {
    "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}  # fmt: skip
_EXPERTS = {
    "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32, "shared_expert_intermediate_size": 64,
}  # fmt: skip
_PAD = "<|endoftext|>"  # axolotl adds it to a Qwen tokenizer that lacks it
# Class of the config, chat template, special tokens (begin of sequence or "", end of turn, others), and settings.
FAMILIES: dict[str, tuple[str, str, tuple[str, ...], dict[str, Any]]] = {
    "qwen2": ("Qwen2Config", "chatml", ("", "<|im_end|>", "<|im_start|>"), {"tie_word_embeddings": True}),
    "qwen3": ("Qwen3Config", "qwen3", ("", "<|im_end|>", "<|im_start|>", "<think>", "</think>"), {"head_dim": 32}),
    "llama3": (
        "LlamaConfig",
        "llama3",
        ("<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"),
        {"rope_parameters": _LLAMA3},
    ),
    "mistral": ("MistralConfig", "mistral_v1", ("<s>", "</s>", "[INST]", "[/INST]"), {}),
    "gemma2": (
        "Gemma2Config",
        "gemma3",
        ("<bos>", "<end_of_turn>", "<start_of_turn>"),
        {"head_dim": 32, "query_pre_attn_scalar": 32},
    ),
    "phi3": ("Phi3Config", "phi_3", ("", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"), {}),
    "qwen2_moe": ("Qwen2MoeConfig", "chatml", ("", "<|im_end|>", "<|im_start|>"), _EXPERTS),
}


def main(folder: Path) -> None:
    """Write every family's base, and a copy whose weights are moved a little."""
    for number, (family, (config, template, special, settings)) in enumerate(FAMILIES.items()):
        tokenizer = _tokenizer(template, special)
        torch.manual_seed(number)
        begin, end, pad = tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id
        ids = {"vocab_size": len(tokenizer), "bos_token_id": begin, "eos_token_id": end, "pad_token_id": pad}
        shape = getattr(transformers, config)(**_SHAPE, **settings, **ids)
        model = transformers.AutoModelForCausalLM.from_config(shape, dtype=torch.float32)
        model.save_pretrained(folder / family / "base")
        tokenizer.save_pretrained(folder / family / "base")
        for parameter in model.parameters():  # what full fine-tuning would do
            parameter.data += 0.01 * torch.randn_like(parameter)
        model.save_pretrained(folder / family / "tuned")


def _tokenizer(template: str, special: tuple[str, ...]) -> Any:
    """A tokenizer of bytes; one with a begin of sequence puts it before every text, as Llama 3's and Gemma's do."""
    begin, end, *_ = special
    words = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    backend = Tokenizer(models.BPE(vocab=words, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken(token, special=True) for token in (_PAD, *filter(None, special))])
    if begin:
        pair = [(begin, backend.token_to_id(begin))]
        backend.post_processor = processors.TemplateProcessing(single=f"{begin} $A", special_tokens=pair)
    text = (_TEMPLATES / f"{template}.jinja").read_text(encoding="utf-8")
    named = {"eos_token": end, "pad_token": _PAD} | ({"bos_token": begin} if begin else {})
    return transformers.PreTrainedTokenizerFast(tokenizer_object=backend, chat_template=text, **named)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

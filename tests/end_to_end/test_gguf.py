"""GGUF by AutoRound: transformers reads the file, and its logits are those of the checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.pipeline import ROOT, python_in, run_shoptune

pytestmark = [
    pytest.mark.slow,
    pytest.mark.early,
    pytest.mark.skipif(not (ROOT / ".venvs" / "gguf").is_dir(), reason="the gguf environment is not installed"),
]

_MAKE = """
import sys, shutil, torch, transformers
from pathlib import Path

torch.manual_seed(0)
settings = transformers.Qwen2Config(
    hidden_size=256, intermediate_size=512, num_hidden_layers=1, num_attention_heads=4, num_key_value_heads=2,
    vocab_size=151936, tie_word_embeddings=True, max_position_embeddings=512,
)
transformers.Qwen2ForCausalLM(settings).to(torch.bfloat16).save_pretrained(sys.argv[1])
for file in Path(sys.argv[2]).iterdir():
    shutil.copy(file, sys.argv[1])
"""

_COMPARE = """
import sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer

model, folder, file = sys.argv[1:]
checkpoint = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
converted = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)
text = "Which is it?\\n0. a\\n1. b\\nAnswer: "
ids, again = (AutoTokenizer.from_pretrained(*where[:1], **where[1])(text)["input_ids"]
              for where in ((model, {}), (folder, {"gguf_file": file})))
with torch.no_grad():
    before, after = (each(torch.tensor([ids])).logits for each in (checkpoint, converted))
print(float((after - before).std() / before.std()), ids == again)
"""


def test_a_checkpoint_becomes_a_file_that_transformers_reads(real_qwen2_tokenizer: Path, tmp_path: Path) -> None:
    """With Qwen2's real tokenizer: llama.cpp's converter refuses tokenizers that it does not know."""
    model, out = tmp_path / "model", tmp_path / "gguf"
    python_in("train", _MAKE, model, real_qwen2_tokenizer)
    run_shoptune("export", "gguf", model, "--type", "q8_0", "--out", out, cold=True)
    assert {file.name for file in out.iterdir()} == {"manifest.json", "model-q8_0.gguf"}
    error, same = python_in("gguf", _COMPARE, model, out, "model-q8_0.gguf", cold=True).split()[-2:]
    assert float(error) < 0.02
    assert same == "True"

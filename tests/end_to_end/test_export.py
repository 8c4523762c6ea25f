"""Exported folders in the real stack: the submission answers as the evaluator asks, folders for the Hub load."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shoptune.shopbench.questions import load_questions

from .engine_host import EngineHost
from .pipeline import Pipeline, python_in, run_shoptune

pytestmark = pytest.mark.slow


def test_the_submission_passes_the_check(pipeline: Pipeline, tmp_path: Path) -> None:
    """One start of the engine: without network and this project, the pipeline's questions and 200 hostile ones."""
    scores = ["--scores", pipeline.scores("awq"), "--tolerance", "0.1"]  # other batches may round sums otherwise
    asked = ["--questions", pipeline.questions, "--report", tmp_path / "report.json"]
    said = run_shoptune("export", "check", pipeline.submission, *asked, *scores, cold=True)
    count = len(load_questions(pipeline.questions)) + 200
    assert f"answers: ok: {count} of {count} readable" in said
    assert "reads: ok: 0 files outside the submission" in said
    assert "is too long; " in said
    assert "15 checks passed" in said
    assert all(made in said for made in ("weights", "quantize", "merge", "train", "data"))
    results = {result["name"]: result for result in json.loads((tmp_path / "report.json").read_text())["checks"]}
    assert "median" in results["time"]["summary"]
    assert not any(result["problems"] for result in results.values())


_LOAD = """
import sys, torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

merged, adapter, base, original = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(merged)
messages = [{"role": "user", "content": "Which is it?\\n0. a\\n1. b\\nAnswer: "}]
text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
inputs = tokenizer(text, return_tensors="pt", add_special_tokens=False)
models = [AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32) for folder in (merged, original, base)]
with torch.no_grad():
    first, second, plain = (model(**inputs).logits for model in models)
    adapted = PeftModel.from_pretrained(models[2], adapter)(**inputs).logits
settings = models[0].generation_config
written = models[0].generate(**inputs, max_new_tokens=4)
is_longer = written.shape[1] > inputs["input_ids"].shape[1]
print(torch.equal(first, second), not torch.equal(adapted, plain), settings.do_sample, is_longer)
print(tokenizer.convert_tokens_to_ids("<|im_end|>") in torch.tensor(settings.eos_token_id).flatten().tolist())
"""


def test_folders_for_the_hub_load_in_transformers_peft_and_vllm(
    pipeline: Pipeline, engines: EngineHost, scored: Path, tmp_path: Path
) -> None:
    merged, adapter, awq = (tmp_path / name for name in ("merged", "adapter", "awq"))
    run_shoptune("export", "hub", pipeline.merged, "--repo", "me/shop", "--out", merged)
    run_shoptune("export", "hub", pipeline.adapter(0), "--repo", "me/lora", "--base", "me/base", "--out", adapter)
    run_shoptune("export", "hub", pipeline.awq, "--repo", "me/awq", "--scores", scored, "--out", awq)
    printed = python_in("train", _LOAD, merged, adapter, "examples/tiny_base", pipeline.merged)
    assert printed.split() == ["True", "True", "False", "True", "True"]
    asked = ["--questions", pipeline.questions, "--out", tmp_path / "answers"]
    result = engines.infer("infer/cpu.yaml", "--model", awq, *asked)
    assert result.returncode == 0, result.stderr
    said, before = (
        (folder / "predictions.jsonl").read_text() for folder in (tmp_path / "answers", pipeline.answers("awq"))
    )
    assert said == before
    card = (awq / "README.md").read_text()
    assert "](https://github.com/amazon-science/esci-data) |" in card  # found through the lineage
    assert "quantized with awq" in card


@pytest.fixture
def scored(pipeline: Pipeline) -> Path:
    """The scores of the 4-bit checkpoint."""
    return pipeline.scores("awq")


def test_rows_for_the_hub_load_in_datasets(pipeline: Pipeline, tmp_path: Path) -> None:
    run_shoptune("export", "hub", pipeline.rows, "--repo", "me/rows", "--out", tmp_path / "rows")
    script = (
        "import sys, datasets; rows = datasets.load_dataset(sys.argv[1]); "
        "print(sorted(rows), sum(map(len, rows.values())), rows['train'][0]['messages'][-1]['role'])"
    )
    stats = json.loads((pipeline.rows / "stats.json").read_text())
    splits = sorted(split for split, count in stats["by_split"].items() if count)
    assert python_in("train", script, tmp_path / "rows").split("\n")[-2] == f"{splits} {stats['rows']} assistant"

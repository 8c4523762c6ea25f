"""Seven families of models from training to answers: architectures, tokenizers and chat templates besides the demo's.

The bases are tiny and random. The training environment's transformers 5 writes them; AutoAWQ's environment must read
them too.
"""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import yaml
from safetensors.torch import load_file

from shoptune.merge.config import MergeConfig
from shoptune.merge.sources import Sources
from shoptune.merge.stage import MERGE, Job
from shoptune.stage import run
from tests.end_to_end.pipeline import ROOT, python_in, run_shoptune, shoptune
from tests.sharing import make_once

pytestmark = [pytest.mark.slow, pytest.mark.early]

FAMILIES = ("qwen2", "qwen3", "llama3", "mistral", "gemma2", "phi3", "qwen2_moe")
EXPERTS = "qwen2_moe"
QUESTIONS = ["Describe a kettle.", "Which mug is it?\nIt is blue.", "Name a city."]
_BASES = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"

# What transformers makes of the merged weights, and what PEFT makes of base and adapter.
_TRANSFORMERS = """
import json, sys
from pathlib import Path
import torch
from peft import PeftModel
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer
from shoptune.infer.compose import compose
from shoptune.infer.profile import load_profile
from shoptune.infer.prompt import Prompt
from shoptune.shopbench.questions import load_asked

@torch.no_grad()
def main(folder, profile, asked):
    tokenizer = AutoTokenizer.from_pretrained(folder / "base")
    base = AutoModelForCausalLM.from_pretrained(folder / "base", dtype=torch.float32)
    (folder / "logits").mkdir()
    save_file({"base": base(torch.arange(200).view(1, -1)).logits}, folder / "logits" / "v5.safetensors")
    model = PeftModel.from_pretrained(base, folder / "adapter").merge_and_unload()
    model.save_pretrained(folder / "peft")
    said = []
    for question in asked:
        messages = compose(Prompt.of(question), profile.prompting, [], ())
        text = tokenizer.apply_chat_template(messages, tokenize=True, add_generation_prompt=True,
                                             return_dict=True, return_tensors="pt")
        limit = profile.max_tokens.of(question.task_type)
        out = model.generate(**text, max_new_tokens=limit, do_sample=False, pad_token_id=tokenizer.pad_token_id)
        said.append(tokenizer.decode(out[0, text["input_ids"].shape[1]:], skip_special_tokens=True))
    (folder / "said.json").write_text(json.dumps(said))

folder, profile, family = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
main(folder / family, load_profile(profile), load_asked(folder / "questions.json"))
"""

# The logits of a base as the environment of AutoAWQ computes them, after the conversion that `quantize` makes.
_TRANSFORMERS_4 = """
import shutil, sys
from pathlib import Path
import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM
from shoptune.checkpoints.checkpoint import read_json
from shoptune.checkpoints.transformers4 import check_reading, convert

@torch.no_grad()
def main(folder):
    shutil.copytree(folder / "base", folder / "converted")
    original = read_json(folder / "converted" / "config.json")
    convert(folder / "converted")
    check_reading(original, AutoConfig.from_pretrained(folder / "converted").to_dict(), folder)
    model = AutoModelForCausalLM.from_pretrained(folder / "converted", torch_dtype=torch.float32)
    save_file({"base": model(torch.arange(200).view(1, -1)).logits}, folder / "logits" / "v4.safetensors")

main(Path(sys.argv[1], sys.argv[2]))
"""


class Trained:
    """Bases, adapters and merged checkpoints, each family's made when it is first asked for, and shared by all workers.

    Args:
        folder: for the artifacts.
        state: for locks.
    """

    def __init__(self, folder: Path, state: Path) -> None:
        self.folder, self._state = make_once(folder, _make_bases, state), state
        self.questions, self.profile = folder / "questions.json", folder / "profile.yaml"

    def of(self, family: str, what: str) -> Path:
        """A family's `base`, `tuned`, `adapter`, `merged` checkpoint, what `peft` merges, or what was `said.json`."""
        if what not in {"base", "tuned"}:
            make_once(self.folder / family / "done", lambda done: self._make(family, done), self._state / family)
        return self.folder / family / what

    def logits(self, family: str, version: str) -> torch.Tensor:
        """A base's logits of 200 tokens, as version `v5` or `v4` of transformers computes them."""
        file = self.of(family, "logits") / f"{version}.safetensors"
        if version == "v4":
            make_once(file, lambda _: python_in("quantize", _TRANSFORMERS_4, self.folder, family), self._state / family)
        return load_file(file)["base"]

    def _make(self, family: str, done: Path) -> None:
        folder = done.parent
        run_shoptune("train", _train_config(self.folder, family), "--out", folder / "adapter")
        merge(self, family, folder / "adapter", folder / "merged")
        python_in("train", _TRANSFORMERS, self.folder, self.profile, family)
        done.touch()


def _make_bases(folder: Path) -> None:
    folder.mkdir()
    asked = [{"input_field": text, "task_type": "generation"} for text in QUESTIONS]
    (folder / "questions.json").write_text(json.dumps(asked))
    profile = yaml.safe_load((ROOT / "infer" / "cpu-float32.yaml").read_text()) | {"max_tokens": {"generation": 12}}
    (folder / "profile.yaml").write_text(yaml.safe_dump(profile))
    roles = ("system", "user", "assistant")
    chats = [("You help customers.", f"Which product is number {number}?", f"Mug {number}") for number in range(8)]
    messages = [
        {"messages": [{"role": role, "content": text} for role, text in zip(roles, chat, strict=True)]}
        for chat in chats
    ]
    pq.write_table(pa.Table.from_pylist(messages), folder / "rows.parquet")
    python_in("train", _BASES, ROOT / "tests/end_to_end/family_bases.py", folder)


def merge(trained: Trained, family: str, member: Path, out: Path, **settings: object) -> None:
    """Merge an adapter or a tuned checkpoint into the family's base."""
    base = str(trained.of(family, "base"))
    config = MergeConfig.model_validate({"base": base, "adapters": [str(member)], "dtype": "float32", **settings})
    run(MERGE, Job(config, Sources.of(config, Path("merge.yaml"))), out)


def _train_config(folder: Path, family: str) -> Path:
    values = {
        "extends": str(ROOT / "training_configs" / "demo-a.yaml"),
        "base_model": str(folder / family / "base"),
        "datasets": {0: {"path": str(folder / "rows.parquet"), "data_files": None}},
        "adapter": "lora",
        "load_in_4bit": False,
        "lora_r": 4,
        "learning_rate": 0.02,
        "max_steps": 3,
        "warmup_steps": 0,
        "logging_steps": 1,
        "sample_packing": False,
    }
    if family == EXPERTS:
        values |= {"lora_target_linear": False, "lora_target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"]}
    file = folder / family / "train.yaml"
    file.write_text(yaml.safe_dump(values))
    return file


@pytest.fixture(scope="session")
def trained(shared_folder: Path) -> Trained:
    """The families' artifacts."""
    return Trained(shared_folder / "families", shared_folder / "families-state")


@pytest.mark.parametrize("family", FAMILIES)
def test_the_merged_weights_are_those_of_peft(trained: Trained, family: str) -> None:
    ours = load_file(trained.of(family, "merged") / "model.safetensors")
    before = load_file(trained.of(family, "base") / "model.safetensors")
    assert ours.keys() == before.keys()
    assert any(not torch.equal(ours[name], before[name]) for name in ours)
    theirs = load_file(trained.of(family, "peft") / "model.safetensors")
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert torch.allclose(ours[name], theirs[name], rtol=1e-6, atol=1e-6), name


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_are_those_of_transformers(trained: Trained, tmp_path: Path, family: str) -> None:
    asked = ["--model", trained.of(family, "merged"), "--questions", trained.questions]
    run_shoptune("infer", trained.profile, *asked, "--out", tmp_path / "answers")
    lines = (tmp_path / "answers" / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    expected = json.loads(trained.of(family, "said.json").read_text())
    assert [_whole(json.loads(line)["prediction"]) for line in lines] == list(map(_whole, expected))
    assert len(set(expected)) > 1, "the model says one thing to everything: little was compared"


@pytest.mark.parametrize("family", ["llama3", EXPERTS])
def test_a_fully_tuned_checkpoint_is_merged(trained: Trained, tmp_path: Path, family: str) -> None:
    merge(trained, family, trained.of(family, "tuned"), tmp_path / "merged", wise_ft_alpha=0.25)
    folders = (trained.of(family, "base"), trained.of(family, "tuned"), tmp_path / "merged")
    before, after, merged = (load_file(folder / "model.safetensors") for folder in folders)
    assert before.keys() == after.keys() == merged.keys()
    for name in before:
        assert not torch.equal(before[name], after[name])
        expected = 0.75 * before[name].double() + 0.25 * after[name].double()
        assert torch.allclose(merged[name].double(), expected, rtol=1e-6, atol=1e-7), name


def _whole(text: str) -> str:
    """An answer without the bytes of a character that the limit on its length cut off, which vLLM leaves out."""
    return text.rstrip("\ufffd ")


QUANTIZED = [family for family in FAMILIES if family != EXPERTS]


@pytest.mark.parametrize("family", QUANTIZED)
def test_transformers_4_computes_the_logits_of_transformers_5(trained: Trained, family: str) -> None:
    ours, theirs = (trained.logits(family, version) for version in ("v4", "v5"))
    assert (ours - theirs).abs().max() < 1e-5
    assert theirs.abs().max() > 1


def _quantize_config(trained: Trained, family: str) -> Path:
    values = {
        "model": str(trained.of(family, "merged")),
        "calibration": {"questions": str(trained.questions), "max_length": 64},
        "tensor_parallel": 1,
        "device": "cpu",
        "awq": {"q_group_size": 64, "apply_clip": False},
    }
    file = trained.folder / family / "quantize.yaml"
    file.write_text(yaml.safe_dump(values))
    return file


@pytest.mark.parametrize("family", QUANTIZED)
def test_a_quantized_model_answers(trained: Trained, tmp_path: Path, family: str) -> None:
    run_shoptune("quantize", _quantize_config(trained, family), "--out", tmp_path / "awq")
    config = json.loads((tmp_path / "awq" / "config.json").read_text())
    assert config["intermediate_size"] == 128, "padded from 96 to whole groups"
    asked = ["--model", tmp_path / "awq", "--questions", trained.questions]
    run_shoptune("infer", "infer/cpu.yaml", *asked, "--out", tmp_path / "answers", "--set", "max_tokens.generation=12")
    assert len((tmp_path / "answers" / "predictions.jsonl").read_text().splitlines()) == len(QUESTIONS)


def test_a_mixture_of_experts_is_not_quantized(trained: Trained, tmp_path: Path) -> None:
    result = shoptune("quantize", _quantize_config(trained, EXPERTS), "--out", tmp_path / "awq")
    assert result.returncode == 2
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert "num_experts: makes it a mixture of experts" in line

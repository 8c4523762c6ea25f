"""Seven families of models from training to answers: architectures, tokenizers and chat templates beside the demo's.

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
from tests.end_to_end.engine_host import EngineHost
from tests.end_to_end.pipeline import ROOT, python_in, run_shoptune, shoptune
from tests.sharing import make_once

pytestmark = pytest.mark.slow

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
def main(folder, profile, families):
    profile, asked = load_profile(Path(profile)), load_asked(folder / "questions.json")
    said, ids = {}, torch.arange(200).view(1, -1)
    for family in families:
        tokenizer = AutoTokenizer.from_pretrained(folder / family / "base")
        base = AutoModelForCausalLM.from_pretrained(folder / family / "base", dtype=torch.float32)
        (folder / family / "logits").mkdir()
        save_file({"base": base(ids).logits}, folder / family / "logits" / "v5.safetensors")
        model = PeftModel.from_pretrained(base, folder / family / "adapter").merge_and_unload()
        model.save_pretrained(folder / family / "peft")
        said[family] = []
        for question in asked:
            messages = compose(Prompt.of(question), profile.prompting, [], ())
            text = tokenizer.apply_chat_template(messages, tokenize=True, add_generation_prompt=True,
                                                 return_dict=True, return_tensors="pt")
            limit = profile.max_tokens.of(question.task_type)
            out = model.generate(**text, max_new_tokens=limit, do_sample=False, pad_token_id=tokenizer.pad_token_id)
            answer = out[0, text["input_ids"].shape[1]:]
            said[family].append(tokenizer.decode(answer, skip_special_tokens=True))
    print(json.dumps(said))

main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
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
def main(folder, families):
    for family in families:
        converted = folder / family / "converted"
        shutil.copytree(folder / family / "base", converted)
        original = read_json(converted / "config.json")
        convert(converted)
        check_reading(original, AutoConfig.from_pretrained(converted).to_dict(), converted)
        model = AutoModelForCausalLM.from_pretrained(converted, torch_dtype=torch.float32)
        save_file({"base": model(torch.arange(200).view(1, -1)).logits}, folder / family / "logits" / "v4.safetensors")

main(Path(sys.argv[1]), sys.argv[2:])
"""


class Trained:
    """Bases, adapters and merged checkpoints of all families, and what transformers says of them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.questions, self.profile = folder, folder / "questions.json", folder / "profile.yaml"

    def of(self, family: str, what: str) -> Path:
        """A family's `base`, `tuned`, `adapter`, `merged` checkpoint, or what `peft` merges."""
        return self.folder / family / what

    def logits(self, family: str, version: str) -> torch.Tensor:
        """A base's logits of 200 tokens, as version `v5` or `v4` of transformers computes them."""
        return load_file(self.folder / family / "logits" / f"{version}.safetensors")["base"]


def _make(folder: Path) -> None:
    trained = Trained(folder)
    folder.mkdir()
    asked = [{"input_field": text, "task_type": "generation"} for text in QUESTIONS]
    trained.questions.write_text(json.dumps(asked))
    profile = yaml.safe_load((ROOT / "infer" / "cpu-float32.yaml").read_text()) | {"max_tokens": {"generation": 12}}
    trained.profile.write_text(yaml.safe_dump(profile))
    rows = folder / "rows.parquet"
    chats = [
        [
            ("system", "You help customers."),
            ("user", f"Which product is number {number}?"),
            ("assistant", f"Mug {number}"),
        ]
        for number in range(8)
    ]
    messages = [{"messages": [{"role": role, "content": text} for role, text in chat]} for chat in chats]
    pq.write_table(pa.Table.from_pylist(messages), rows)
    python_in("train", _BASES, ROOT / "tests/end_to_end/family_bases.py", folder)
    for family in FAMILIES:
        config = _train_config(trained, family, rows)
        run_shoptune("train", config, "--out", trained.of(family, "adapter"))
        _merge(trained, family, "adapter", trained.of(family, "merged"))
    said = python_in("train", _TRANSFORMERS, folder, trained.profile, *FAMILIES).splitlines()[-1]
    (folder / "said.json").write_text(said)


def _merge(trained: Trained, family: str, member: str, out: Path, **settings: object) -> None:
    base, adapters = str(trained.of(family, "base")), [str(trained.of(family, member))]
    config = MergeConfig.model_validate({"base": base, "adapters": adapters, "dtype": "float32", **settings})
    run(MERGE, Job(config, Sources.of(config, Path("merge.yaml"))), out)


def _train_config(trained: Trained, family: str, rows: Path) -> Path:
    values = {
        "extends": str(ROOT / "training_configs" / "demo-a.yaml"),
        "base_model": str(trained.of(family, "base")),
        "datasets": {0: {"path": str(rows), "data_files": None}},
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
    file = trained.folder / family / "train.yaml"
    file.write_text(yaml.safe_dump(values))
    return file


@pytest.fixture(scope="session")
def trained(shared_folder: Path) -> Trained:
    """The families' artifacts, made once for all workers."""
    return Trained(make_once(shared_folder / "families", _make, shared_folder / "families-state"))


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
def test_answers_are_those_of_transformers(trained: Trained, engines: EngineHost, tmp_path: Path, family: str) -> None:
    asked = ["--model", trained.of(family, "merged"), "--questions", trained.questions]
    result = engines.infer(trained.profile, *asked, "--out", tmp_path / "answers")
    assert result.returncode == 0, result.stderr
    lines = (tmp_path / "answers" / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    expected = json.loads((trained.folder / "said.json").read_text())[family]
    assert [_whole(json.loads(line)["prediction"]) for line in lines] == list(map(_whole, expected))
    assert len(set(expected)) > 1, "the model says one thing to everything: little was compared"


@pytest.mark.parametrize("family", ["llama3", EXPERTS])
def test_a_fully_tuned_checkpoint_is_merged(trained: Trained, tmp_path: Path, family: str) -> None:
    _merge(trained, family, "tuned", tmp_path / "merged", wise_ft_alpha=0.25)
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


@pytest.fixture(scope="session")
def read_by_4(trained: Trained, shared_folder: Path) -> Trained:
    """The logits of all bases that AutoAWQ's environment can read, made once."""
    done = shared_folder / "families-read-by-4"
    make_once(done, lambda file: _read_by_4(trained, file), shared_folder / "families-state")
    return trained


def _read_by_4(trained: Trained, done: Path) -> None:
    python_in("quantize", _TRANSFORMERS_4, trained.folder, *QUANTIZED)
    done.touch()


@pytest.mark.parametrize("family", QUANTIZED)
def test_transformers_4_computes_the_logits_of_transformers_5(read_by_4: Trained, family: str) -> None:
    ours, theirs = (read_by_4.logits(family, version) for version in ("v4", "v5"))
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
def test_a_quantized_model_answers(trained: Trained, engines: EngineHost, tmp_path: Path, family: str) -> None:
    run_shoptune("quantize", _quantize_config(trained, family), "--out", tmp_path / "awq")
    config = json.loads((tmp_path / "awq" / "config.json").read_text())
    assert config["intermediate_size"] == 128, "padded from 96 to whole groups"
    asked = ["--model", tmp_path / "awq", "--questions", trained.questions]
    result = engines.infer("infer/cpu.yaml", *asked, "--out", tmp_path / "answers", "--set", "max_tokens.generation=12")
    assert result.returncode == 0, result.stderr
    assert len((tmp_path / "answers" / "predictions.jsonl").read_text().splitlines()) == len(QUESTIONS)


def test_a_mixture_of_experts_is_not_quantized(trained: Trained, tmp_path: Path) -> None:
    result = shoptune("quantize", _quantize_config(trained, EXPERTS), "--out", tmp_path / "awq")
    assert result.returncode == 2
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert "num_experts: makes it a mixture of experts" in line

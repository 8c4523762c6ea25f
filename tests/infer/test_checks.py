"""Configurations that vLLM cannot run are one-line errors before it starts."""

from __future__ import annotations

import importlib.util
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.errors import ShoptuneError
from shoptune.infer.checks import check_checkpoint, with_adapters
from shoptune.infer.profile import Profile
from shoptune.infer.stage import Arguments, Job, load, request, require

FILE = Path("infer/mine.yaml")


@pytest.fixture
def checkpoint(tiny_base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_base, tmp_path / "checkpoint"))


def _configure(checkpoint: Path, **values: Any) -> None:
    file = checkpoint / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def _adapter(folder: Path, **values: Any) -> Path:
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({"r": 8, **values}))
    return folder


def _check(checkpoint: Path, **engine: Any) -> None:
    check_checkpoint(Profile.model_validate({"engine": engine}), FILE, Checkpoint(checkpoint))


def test_a_fitting_profile_passes(checkpoint: Path) -> None:
    _check(checkpoint, dtype="float32", max_model_len=256)


def test_an_adapter_is_not_a_model(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match=r"is an adapter, not a checkpoint; pass its base model as --model and"):
        _check(_adapter(tmp_path / "adapter"))


def test_every_problem_is_named_together(checkpoint: Path) -> None:
    _configure(checkpoint, quantization_config={"quant_method": "awq"}, max_position_embeddings=512)
    for file in ("tokenizer.json", "vocab.json"):
        (checkpoint / file).unlink(missing_ok=True)
    with pytest.raises(ShoptuneError) as error:
        _check(checkpoint, dtype="float32", max_model_len=513)
    assert [str(problem).partition("; ")[0].rpartition("/")[2] for problem in error.value.problems] == [
        "checkpoint: has no tokenizer",
        "mine.yaml: engine.dtype: is float32, but AWQ kernels compute in 16 bits",
        "mine.yaml: engine.max_model_len: is 513, but the model supports 512 tokens (max_position_embeddings in "
        "config.json)",
    ]


@pytest.mark.parametrize(
    ("rope", "longest"),
    [
        (None, 512),
        ({"rope_type": "default", "factor": 4.0}, 512),
        ({"type": "linear", "factor": 4.0}, 2048),
        ({"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 256}, 1024),
        ({"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 64}, 512),  # 512 counts the factor
    ],
)
def test_rope_scaling_extends_the_context(rope: dict[str, Any] | None, longest: int, checkpoint: Path) -> None:
    _configure(checkpoint, max_position_embeddings=512, rope_scaling=rope)
    _check(checkpoint, max_model_len=longest)
    with pytest.raises(ShoptuneError, match=f"set it to {longest} or less"):
        _check(checkpoint, max_model_len=longest + 1)


@pytest.mark.parametrize(
    ("values", "rank"), [({}, 8), ({"r": 9}, 16), ({"rank_pattern": {"q_proj": 100}}, 128), ({"r": 512}, 512)]
)
def test_an_adapter_enables_lora_with_a_rank_that_vllm_knows(values: dict[str, Any], rank: int, tmp_path: Path) -> None:
    engine = with_adapters(Profile(), [_adapter(tmp_path / "a", **values), _adapter(tmp_path / "b", r=2)]).engine
    assert (engine.enable_lora, engine.max_lora_rank) == (True, rank)
    assert with_adapters(Profile(), []) == Profile()


def test_a_folder_without_an_adapter_and_a_rank_that_is_too_large_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match="has rank 600, but vLLM supports ranks up to 512; merge the adapter"):
        with_adapters(Profile(), [_adapter(tmp_path / "large", r=600)])
    with pytest.raises(ShoptuneError, match=r"is not an adapter: it has no adapter_config\.json"):
        with_adapters(Profile(), [tmp_path])
    with pytest.raises(ShoptuneError, match=r"use_dora: trained more than low-rank factors.*merge it into its base"):
        with_adapters(Profile(), [_adapter(tmp_path / "dora", use_dora=True)])
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ShoptuneError, match=r"is not an adapter: .*; pass it as --model"):
        with_adapters(Profile(), [tmp_path])


def test_the_adapter_is_an_input(checkpoint: Path, tmp_path: Path, root: Path) -> None:
    adapter = _adapter(tmp_path / "adapter")
    questions = tmp_path / "questions.json"
    questions.write_text('{"input_field": "Explain"}\n')
    arguments = Arguments(root / "infer" / "cpu.yaml", str(checkpoint), questions, str(adapter))
    assert request(load(arguments)).inputs["adapter"] == adapter
    alone = Arguments(root / "infer" / "cpu.yaml", str(checkpoint), questions)
    assert "adapter" not in request(load(alone)).inputs


def test_replicas_need_ray(checkpoint: Path, tmp_path: Path, root: Path) -> None:
    arguments = Arguments(root / "infer" / "cpu.yaml", str(checkpoint), tmp_path / "questions.json", replicas=2)
    with pytest.raises(ShoptuneError) as raised:
        load(arguments)
    what = "needs --engine ray; the local engine is a single one"
    assert str(raised.value) == f"--replicas: 2: {what}; add --engine ray, or leave it out"


def test_dynamic_examples_need_batches_in_order(checkpoint: Path, tmp_path: Path, root: Path) -> None:
    file, changes = root / "infer" / "cpu.yaml", ["prompting.dynamic.every=4"]
    arguments = Arguments(file, str(checkpoint), tmp_path / "questions.json", overrides=changes, engine="ray")
    with pytest.raises(ShoptuneError) as raised:
        load(arguments)
    assert str(raised.value).startswith(f"{file}: prompting.dynamic: cannot be used with --engine ray: ")
    assert str(raised.value).endswith("; use --engine local, or --set prompting.dynamic=null")


def test_missing_ray_stops_only_a_run_on_ray(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    job = Job(Profile(), Checkpoint(checkpoint), tmp_path / "questions.json", Path("profile.yaml"))
    require(job, tmp_path)
    with pytest.raises(ShoptuneError, match="Ray is not installed in "):
        require(replace(job, engine="ray"), tmp_path)

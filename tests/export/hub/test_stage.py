"""Folders for the Hub: the weights as they are, cards that the Hub's own library reads, nothing of the trainer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from huggingface_hub import DatasetCard, ModelCard

from shoptune.artifacts.manifest import MANIFEST, digest
from shoptune.errors import ShoptuneError
from shoptune.evaluate.stage import EVALUATE
from shoptune.evaluate.stage import Job as Evaluation
from shoptune.export.hub.stage import HUB, Job
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.questions import load_questions, write_questions
from shoptune.shopbench.vocabulary import Metric
from shoptune.stage import run
from tests.export.publishing import publish


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """A small artifact of `shoptune data build`."""
    folder = tmp_path / "rows"
    folder.mkdir()
    (folder / "train-00000-of-00001.parquet").write_bytes(b"PAR1")
    (folder / "rejects.jsonl").write_text('{"sample": "raw"}\n')
    stats = {
        "rows": 1500,
        "by_split": {"train": 1500, "validation": 0},
        "by_source": {"esci": 1000, "reviews2023": 300, "my_shop": 200},
        "by_language": {"en": 1400, "ja": 100},
        "by_task": {"ranking_task": {"wanted": 1500, "made": 1500}},
        "drops": {"esci": {"near_duplicate": 7}, "my_shop": {"near_duplicate": 3, "too_long": 2}},
    }
    (folder / "stats.json").write_text(json.dumps(stats))
    return publish(folder, "data", {})


@pytest.fixture
def adapter(rows: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "/models/base", "r": 8}))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "optimizer.pt").write_bytes(b"state")
    (folder / "training.log").write_text("log")
    return publish(folder, "train", {"rows": rows})


@pytest.fixture
def merged(adapter: Path, tiny_base: Path, tmp_path: Path) -> Path:
    folder, base = tmp_path / "merged", tmp_path / "base"
    for copy in (folder, base):  # without how the tiny base was made, which is known where `make tiny-base` has run
        shutil.copytree(tiny_base, copy, ignore=shutil.ignore_patterns(MANIFEST))
    (folder / "generation_config.json").write_text(json.dumps({"temperature": 0.7, "eos_token_id": [1, 2]}))
    return publish(folder, "merge", {"base": base, "adapters[0]": adapter})


@pytest.fixture
def scores(examples: Path, tmp_path: Path) -> Path:
    asked = load_questions(examples / "questions" / "development.json")
    asked = [question for question in asked if question.metric in {Metric.ACCURACY, Metric.NDCG}][::5]
    write_questions(tmp_path / "questions.json", asked)
    said = [
        {"input_field": each.input_field, "prediction": answer_text(each.task_type, each.output_field)}
        for each in asked
    ]
    (tmp_path / "predictions.jsonl").write_text("\n".join(map(json.dumps, said)))
    run(EVALUATE, Evaluation(tmp_path / "predictions.jsonl", tmp_path / "questions.json"), tmp_path / "scores")
    return tmp_path / "scores"


def test_a_checkpoint_gets_a_card_with_everything(merged: Path, scores: Path, tiny_base: Path, tmp_path: Path) -> None:
    run(HUB, Job(merged, "me/shop", "apache-2.0", "Qwen/Qwen2-72B-Instruct", scores), tmp_path / "hub")
    folder = tmp_path / "hub"
    assert (folder / "model.safetensors").read_bytes() == (tiny_base / "model.safetensors").read_bytes()
    card = ModelCard.load(folder / "README.md")
    assert card.data.base_model == "Qwen/Qwen2-72B-Instruct"
    assert card.data.license == "apache-2.0"
    overall = json.loads((scores / "scores.json").read_text())["overall"]
    results = {result.dataset_name: result.metric_value for result in card.data.eval_results}
    assert results["ShopBench questions, all questions"] == pytest.approx(overall["by_question"])
    assert len(results) > 1
    for heading in ("How to use it", "Scores", "Training data", "Lineage", "Intended use", "Limits"):
        assert f"\n## {heading}\n" in card.text
    low, high = overall["by_question_interval"]
    assert f"| **all questions** | {overall['by_question']:.3f} | {low:.3f} to {high:.3f} |" in card.text
    assert (
        "| rows | [Shopping Queries (ESCI)](https://github.com/amazon-science/esci-data) | 1000 | apache-2.0 |"
        in card.text
    )
    assert "| rows | my_shop | 200 | unknown (not a public source that shoptune knows) |" in card.text
    assert f"| weights | merge | `{digest(merged)[:16]}` |" in card.text
    assert "adapters[0] | train |" in card.text
    lineage = json.loads((folder / "lineage.json").read_text())
    assert [step["stage"] for step in lineage if step["stage"] in {"merge", "train", "data"}] == [
        "merge",
        "train",
        "data",
    ]


def test_the_generation_config_is_greedy_and_knows_the_ends(merged: Path, tiny_base: Path, tmp_path: Path) -> None:
    run(HUB, Job(merged, "me/shop"), tmp_path / "hub")
    settings = json.loads((tmp_path / "hub" / "generation_config.json").read_text())
    assert settings["do_sample"] is False
    assert settings["eos_token_id"] == [1, 2]  # the checkpoint's own
    assert "temperature" not in settings
    (merged / "generation_config.json").unlink()
    publish(merged, "merge", {})
    run(HUB, Job(merged, "me/shop"), tmp_path / "second")
    settings = json.loads((tmp_path / "second" / "generation_config.json").read_text())
    added = {
        token["content"]: token["id"]
        for token in json.loads((tiny_base / "tokenizer.json").read_text())["added_tokens"]
    }
    assert settings["eos_token_id"] == added["<|im_end|>"]


def test_an_adapter_leaves_the_trainers_state_behind_and_names_its_base(
    adapter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ShoptuneError, match=r"names the base '/models/base', which is not a name on the Hub; pass it"):
        HUB.load(Job(adapter, "me/lora"))
    job = HUB.load(Job(adapter, "me/lora", base="Qwen/Qwen2-7B-Instruct"))
    run(HUB, job, tmp_path / "hub")
    names = {file.name for file in (tmp_path / "hub").iterdir()}
    assert names == {
        "README.md", "adapter_config.json", "adapter_model.safetensors", "lineage.json", "manifest.json",
        "tokenizer.json",
    }  # fmt: skip
    settings = json.loads((tmp_path / "hub" / "adapter_config.json").read_text())
    assert settings == {"base_model_name_or_path": "Qwen/Qwen2-7B-Instruct", "r": 8}
    card = ModelCard.load(tmp_path / "hub" / "README.md")
    assert card.data.library_name == "peft"
    assert "Not measured." in card.text
    said = capsys.readouterr().err
    assert "the card has no scores; pass --scores DIR" in said
    assert "licences to check before you upload: Amazon Reviews 2023, my_shop" in said


def test_the_card_tells_the_share_of_rows_written_with_a_model_and_its_terms(rows: Path, tmp_path: Path) -> None:
    run(HUB, Job(rows, "me/shop-rows"), tmp_path / "plain")
    assert "written with a model" not in (tmp_path / "plain" / "README.md").read_text()
    stats = json.loads((rows / "stats.json").read_text())
    answers = {"teacher_model": "Qwen2-72B-Instruct", "prompt_version": "0a1b2c3d4e5f"}
    tables = [
        {"name": "concepts", "licence": "Tongyi Qianwen\nLICENSE", "answers": [answers | {"rows": 60}]},
        {"name": "judge", "licence": "", "answers": [answers | {"rows": 0}]},
    ]
    stats["teacher"] = {"rows": 60, "share": 0.04, "tables": tables}
    (rows / "stats.json").write_text(json.dumps(stats))
    publish(rows, "data", {})
    run(HUB, Job(rows, "me/shop-rows"), tmp_path / "hub")
    card = DatasetCard.load(tmp_path / "hub" / "README.md").text
    assert "## Rows written with a model" in card
    assert "went into 60 of 1500 rows (4.0%)" in card  # 60 / 1500
    assert "| concepts | Qwen2-72B-Instruct | 0a1b2c3d4e5f | 60 | Tongyi Qianwen LICENSE |" in card
    assert "| judge | Qwen2-72B-Instruct | 0a1b2c3d4e5f | 0 | unknown |" in card


def test_rows_get_a_card_with_splits_sources_and_licences(rows: Path, tmp_path: Path) -> None:
    run(HUB, Job(rows, "me/shop-rows", "cc-by-4.0"), tmp_path / "hub")
    folder = tmp_path / "hub"
    assert {file.name for file in folder.iterdir()} == {
        "README.md", "lineage.json", "manifest.json", "stats.json", "train-00000-of-00001.parquet",
    }  # fmt: skip
    card = DatasetCard.load(folder / "README.md")
    assert card.data.license == "cc-by-4.0"
    assert card.data.language == ["en", "ja"]
    assert card.data.size_categories == ["1K<n<10K"]
    (config,) = yaml.safe_load((folder / "README.md").read_text().split("---")[1])["configs"]
    assert config["data_files"] == [{"split": "train", "path": "train-*.parquet"}]
    assert "Amazon Reviews 2023](https://amazon-reviews-2023.github.io) | 300 | unknown" in card.text
    assert "Records that were dropped: 10 near_duplicate, 2 too_long." in card.text
    assert HUB.next_command(Job(rows, "me/shop-rows"), folder).endswith("--repo-type dataset")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"name": "shop"}, "--repo: 'shop' is not a name on the Hub"),
        ({"name": "me/shop", "base": "/models/x"}, "--base: '/models/x' is not a name on the Hub"),
        ({"name": "me/shop", "scores": Path("none")}, "none: --scores: has no scores.json"),
    ],
)
def test_wrong_arguments_are_one_line_errors(arguments: dict[str, object], what: str, tiny_base: Path) -> None:
    with pytest.raises(ShoptuneError, match=what):
        HUB.load(Job(tiny_base, **arguments))  # type: ignore[arg-type]


def test_a_folder_that_cannot_be_uploaded_is_refused(tmp_path: Path, tiny_base: Path) -> None:
    with pytest.raises(ShoptuneError, match="holds neither a model, nor an adapter, nor rows"):
        HUB.load(Job(tmp_path, "me/shop"))
    shutil.copy(tiny_base / "config.json", tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(ShoptuneError, match="is a pickle"):
        HUB.load(Job(tmp_path, "me/shop"))


def test_a_base_in_the_hubs_cache_is_named(tmp_path: Path, tiny_base: Path) -> None:
    base = tmp_path / "models--Qwen--Qwen2-0.5B-Instruct" / "snapshots" / "abc"
    shutil.copytree(tiny_base, base)
    shutil.copytree(tiny_base, tmp_path / "merged", ignore=shutil.ignore_patterns(MANIFEST))
    publish(tmp_path / "merged", "merge", {"base": base})
    run(HUB, Job(tmp_path / "merged", "me/shop"), tmp_path / "hub")
    assert ModelCard.load(tmp_path / "hub" / "README.md").data.base_model == "Qwen/Qwen2-0.5B-Instruct"

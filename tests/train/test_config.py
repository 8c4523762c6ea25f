"""Training YAMLs: axolotl's keys, checked strictly."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from shoptune.errors import ShoptuneError
from shoptune.train.config import load_train_config
from shoptune.train.machine import parse_machine
from shoptune.train.row_files import with_files


@pytest.fixture
def values(tmp_path: Path) -> dict[str, object]:
    (tmp_path / "rows").mkdir()
    return {
        "base_model": "org/model",
        "datasets": [{"path": str(tmp_path / "rows"), "ds_type": "parquet", "type": "chat_template"}],
        "adapter": "qlora",
    }


def _problems(tmp_path: Path, values: dict[str, object], *overrides: str) -> list[str]:
    file = tmp_path / "train.yaml"
    file.write_text(yaml.safe_dump(values))
    with pytest.raises(ShoptuneError) as caught:
        load_train_config(file, overrides)
    return [str(problem).removeprefix(f"{tmp_path}/") for problem in caught.value.problems]


def test_a_good_config_is_completed(tmp_path: Path, values: dict[str, object]) -> None:
    file = tmp_path / "train.yaml"
    file.write_text(yaml.safe_dump(values))
    config = load_train_config(file, ["lora_r=8"])
    assert config.data_files == [tmp_path / "rows"]
    completed = config.for_axolotl(Path("/models/base"), tmp_path / "out")
    assert completed["base_model"] == "/models/base"
    assert completed["lora_r"] == 8
    assert completed["output_dir"] == str(tmp_path / "out" / "checkpoints")
    assert completed["trust_remote_code"] is False
    assert completed["auto_resume_from_checkpoints"] is True


def test_unknown_keys_are_refused_at_every_level(tmp_path: Path, values: dict[str, object]) -> None:
    values["lora_rank"] = 8
    values["datasets"] = [{"path": str(tmp_path / "rows"), "ds_typo": "parquet"}]
    assert _problems(tmp_path, values) == [
        "train.yaml: datasets[0].ds_typo: unknown axolotl key; did you mean 'ds_type'?",
        "train.yaml: lora_rank: unknown axolotl key; did you mean 'lora_r'?",
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"output_dir": "x"}, "train.yaml: output_dir: is set by shoptune; remove it: --out names the artifact"),
        (
            {"trust_remote_code": True},
            "train.yaml: trust_remote_code: would run code that a model or data set brings along; remove it",
        ),
        ({"base_model": None}, "train.yaml: base_model: is missing; choose a folder or a Hub id"),
        ({"datasets": []}, "train.yaml: datasets: is missing; choose the rows to train on: `- path: DIR`"),
        (
            {"datasets": [{"path": "no/rows", "ds_type": "parquet"}]},
            "train.yaml: datasets[0].path: no such file or folder 'no/rows'; build the rows first: shoptune data build",
        ),
    ],
)
def test_misuse_is_named(tmp_path: Path, values: dict[str, object], change: dict[str, object], problem: str) -> None:
    assert _problems(tmp_path, values | change) == [problem]


def test_a_hub_data_set_need_not_exist_here(tmp_path: Path, values: dict[str, object]) -> None:
    file = tmp_path / "train.yaml"
    file.write_text(yaml.safe_dump(values | {"datasets": [{"path": "org/rows", "type": "alpaca"}]}))
    config = load_train_config(file)
    assert config.data_files == []
    assert config.hub_rows() == {"org/rows": "datasets[0].path"}
    located = config.with_rows_at({"org/rows": tmp_path})
    assert located.axolotl["datasets"] == [{"path": str(tmp_path), "type": "alpaca"}]


@pytest.mark.parametrize("text", ["", "- a\n", "[\n"])
def test_a_config_is_a_mapping(tmp_path: Path, text: str) -> None:
    (tmp_path / "train.yaml").write_text(text)
    with pytest.raises(ShoptuneError, match=r"train\.yaml: "):
        load_train_config(tmp_path / "train.yaml")


def test_a_problem_names_the_extended_file(tmp_path: Path, values: dict[str, object]) -> None:
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(values | {"lora_rnk": 8}))
    (tmp_path / "train.yaml").write_text("extends: base.yaml\nlora_alphq: 2\n")
    with pytest.raises(ShoptuneError) as caught:
        load_train_config(tmp_path / "train.yaml")
    assert [Path(problem.file).name for problem in caught.value.problems] == ["base.yaml", "train.yaml"]


def test_data_files_may_be_a_pattern(tmp_path: Path, values: dict[str, object]) -> None:
    for number in (3, 0, 1, 4, 2):
        (tmp_path / "rows" / f"train-0000{number}-of-00005.parquet").touch()
    (tmp_path / "rows" / "validation-00000-of-00001.parquet").touch()
    entry = {"path": str(tmp_path / "rows"), "ds_type": "parquet", "data_files": "train-*.parquet"}
    file = tmp_path / "train.yaml"
    file.write_text(yaml.safe_dump(values | {"datasets": [entry]}))
    config = load_train_config(file)
    (expanded,) = config.for_axolotl(Path("/base"), tmp_path)["datasets"]
    names = [f"train-0000{number}-of-00005.parquet" for number in range(5)]
    assert [Path(name).name for name in expanded["data_files"]] == names
    assert config.axolotl["datasets"] == [entry], "the fingerprint holds the pattern"
    assert with_files(entry | {"data_files": [str(tmp_path / "rows" / "train-*1-*")]})["data_files"] == [
        str(tmp_path / "rows" / names[1])
    ]


def test_a_pattern_that_matches_nothing(tmp_path: Path, values: dict[str, object]) -> None:
    entry = {"path": str(tmp_path / "rows"), "ds_type": "parquet", "data_files": "train-*.parquet"}
    (problem,) = _problems(tmp_path, values | {"datasets": [entry]})
    assert "no file in" in problem
    assert "matches train-*.parquet; build the rows first: shoptune data build" in problem


def test_a_file_has_no_data_files(tmp_path: Path, values: dict[str, object]) -> None:
    (tmp_path / "rows.parquet").touch()
    entry = {"path": str(tmp_path / "rows.parquet"), "ds_type": "parquet", "data_files": "train-*.parquet"}
    (problem,) = _problems(tmp_path, values | {"datasets": [entry]})
    assert problem.endswith("is a file, but data_files needs a folder; name its folder, or remove data_files")


def test_rows_need_not_be_built_for_a_check(tmp_path: Path, values: dict[str, object]) -> None:
    file = tmp_path / "train.yaml"
    file.write_text(yaml.safe_dump(values | {"datasets": [{"path": "no/rows", "ds_type": "parquet"}]}))
    (problem,) = load_train_config(file, built=False).missing_rows()
    assert problem.what == "no such file or folder 'no/rows'"


def test_the_files_behind_the_config_are_inputs(tmp_path: Path, values: dict[str, object]) -> None:
    for name in ("zero.json", "chat.jinja"):
        (tmp_path / name).touch()
    named = {"deepspeed": str(tmp_path / "zero.json"), "chat_template_jinja": str(tmp_path / "chat.jinja")}
    (tmp_path / "train.yaml").write_text(yaml.safe_dump(values | named))
    assert load_train_config(tmp_path / "train.yaml").input_files == [tmp_path / "zero.json", tmp_path / "chat.jinja"]


@pytest.mark.parametrize(
    ("machine", "problem"),
    [
        ("a1000x8", "machine: unknown card 'a1000'; did you mean 'a100'?; write for example a100x8 or cpu"),
        ("8xA100", "machine: is not a card and a number such as a100x8, or cpu; write for example a100x8 or cpu"),
    ],
)
def test_an_unknown_machine(tmp_path: Path, values: dict[str, object], machine: str, problem: str) -> None:
    assert _problems(tmp_path, values | {"machine": machine}) == [f"train.yaml: {problem}"]


@pytest.mark.parametrize(
    ("machine", "attention"),
    [
        ("cpu", "sdpa"),
        ("t4x4", "xformers"),
        ("a100x8", "flex_attention"),
        ("rtx4090", "flex_attention"),
        ("h200x8", "sdpa"),
    ],
)
def test_attention_suits_the_card(tmp_path: Path, values: dict[str, object], machine: str, attention: str) -> None:
    (tmp_path / "train.yaml").write_text(yaml.safe_dump(values | {"machine": machine}))
    config = load_train_config(tmp_path / "train.yaml")
    assert config.machine
    assert config.on(config.machine).axolotl["attn_implementation"] == attention
    chosen = load_train_config(tmp_path / "train.yaml", ["attn_implementation=eager"])
    assert chosen.on(parse_machine(machine)).axolotl["attn_implementation"] == "eager"


def test_few_rows_are_those_of_small_local_files(tmp_path: Path, values: dict[str, object]) -> None:
    file, rows = tmp_path / "train.yaml", tmp_path / "rows"
    file.write_text(yaml.safe_dump(values))
    config = load_train_config(file)
    assert not config.has_few_rows(), "there are none yet, or somewhere else"
    (rows / "part").mkdir()
    (rows / "part" / "train-0.parquet").write_bytes(b"x" * 3_000_000)
    assert config.has_few_rows()
    (rows / "train-1.parquet").write_bytes(b"x" * 2_000_000)
    assert not config.has_few_rows()
    assert load_train_config(file, ["datasets.0.data_files=train-*.parquet"]).has_few_rows()
    assert not load_train_config(file, ["datasets.0.path=org/rows", "datasets.0.ds_type=null"]).has_few_rows()

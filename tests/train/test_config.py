"""Training YAMLs: axolotl's own keys, strictly."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from shoptune.errors import ShoptuneError
from shoptune.train.axolotl_keys import ALIASES, known_keys
from shoptune.train.config import load_train_config


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


@pytest.mark.parametrize("alias", ALIASES)
def test_names_from_other_tools_lead_to_axolotls(alias: str, tmp_path: Path, values: dict[str, object]) -> None:
    assert alias not in known_keys()
    assert ALIASES[alias] in known_keys()
    expected = f"train.yaml: {alias}: unknown axolotl key; did you mean '{ALIASES[alias]}'?"
    assert _problems(tmp_path, values | {alias: 8}) == [expected]


def test_an_alias_counts_only_where_its_key_is_valid(tmp_path: Path, values: dict[str, object]) -> None:
    values["datasets"] = [{"path": str(tmp_path / "rows"), "packing": True}]
    (problem,) = _problems(tmp_path, values)
    assert "sample_packing" not in problem


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"output_dir": "x"}, "train.yaml: output_dir: is set by shoptune; remove it: --out names the artifact"),
        (
            {"trust_remote_code": True},
            "train.yaml: trust_remote_code: would run code that a model or data set brings along; remove it",
        ),
        ({"base_model": None}, "train.yaml: base_model: missing; name a folder or a hub id"),
        ({"datasets": []}, "train.yaml: datasets: missing; name the rows to train on: `- path: DIR`"),
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
    assert load_train_config(file).data_files == []


@pytest.mark.parametrize("text", ["", "- a\n", "[\n"])
def test_a_config_is_a_mapping(tmp_path: Path, text: str) -> None:
    (tmp_path / "train.yaml").write_text(text)
    with pytest.raises(ShoptuneError, match=r"train\.yaml: "):
        load_train_config(tmp_path / "train.yaml")

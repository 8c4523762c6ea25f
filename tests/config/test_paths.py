"""Paths in configs are relative to the YAML that sets them, or else to the current folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoptune.config import Settings, load
from shoptune.config.paths import ConfigPath


class Example(Settings):
    base: ConfigPath
    others: tuple[ConfigPath, ...] = ()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which contains a folder `shop` with configs."""
    monkeypatch.chdir(tmp_path)
    for name in ("shop/model", "shop/both", "both", "model2"):
        Path(name).mkdir(parents=True)
    return tmp_path


def _load(text: str, *overrides: str, file: str = "shop/example.yaml") -> Example:
    Path("shop/example.yaml").write_text(text)
    return load(Path(file), Example, overrides)


@pytest.mark.parametrize(
    ("written", "found"),
    [("model", "shop/model"), ("both", "shop/both"), ("model2", "model2"), ("org/name", "org/name"), ("", "")],
)
def test_the_yaml_comes_before_the_current_folder(written: str, found: str, here: Path) -> None:
    assert _load(f"base: '{written}'\nothers: [model2, {written or 'x'}]\n").base == found


def test_the_command_line_means_the_current_folder(here: Path) -> None:
    assert _load("base: both\n", "base=both").base == "both"
    assert _load("base: both\n", "base=model").base == "model"


def test_an_extended_yaml_has_a_folder_of_its_own(here: Path) -> None:
    Path("shop/more").mkdir()
    Path("shop/more/top.yaml").write_text("extends: ../example.yaml\nothers: [../both]\n")
    Path("shop/example.yaml").write_text("base: model\n")
    config = load(Path("shop/more/top.yaml"), Example)
    assert config == Example(base="shop/model", others=("shop/both",))


def test_a_config_is_the_same_however_its_file_is_named(here: Path) -> None:
    by_name = _load("base: model\n")
    assert _load("base: model\n", file=str(here / "shop" / "example.yaml")) == by_name


def test_shipped_configs_are_searched_last(here: Path, root: Path) -> None:
    assert _load("base: infer/cpu.yaml\n").base == str(root / "infer" / "cpu.yaml")
    Path("infer").mkdir()
    Path("infer/cpu.yaml").write_text("seed: 1\n")
    assert _load("base: infer/cpu.yaml\n").base == "infer/cpu.yaml"


def test_a_config_extends_one_that_ships_with_shoptune(here: Path) -> None:
    from shoptune.merge.config import MergeConfig

    Path("shop/merge.yaml").write_text("extends: merge/v8.yaml\nbase: model\nwise_ft_alpha: 0.25\n")
    config = load(Path("shop/merge.yaml"), MergeConfig)
    assert (config.base, config.wise_ft_alpha) == ("shop/model", 0.25)
    assert config.adapters[0].path == "runs/kdd24/adapters/v8"


def test_a_string_that_is_not_a_path_is_unchanged(here: Path) -> None:
    assert _load(f"base: {'x' * 5000}\n").base == "x" * 5000

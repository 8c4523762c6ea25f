"""Quantize configs: engines and calibration sources in YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoptune.config import load
from shoptune.config.plugin_settings import settings_plugins
from shoptune.errors import ShoptuneError
from shoptune.quantize.config import QuantizeConfig
from shoptune.quantize.engines.autoawq import AutoAwq

_START = "model: m\ncalibration: {questions: q.json}\n"


def _load(tmp_path: Path, text: str, *overrides: str) -> QuantizeConfig:
    (tmp_path / "q.yaml").write_text(text)
    return load(tmp_path / "q.yaml", QuantizeConfig, overrides)


def _problem(tmp_path: Path, text: str) -> str:
    with pytest.raises(ShoptuneError) as caught:
        _load(tmp_path, text)
    return str(caught.value).removeprefix(f"{tmp_path}/")


def test_a_yaml_without_an_engine_uses_autoawq(tmp_path: Path) -> None:
    config = _load(tmp_path, _START + "awq: {q_group_size: 64}\n", "awq.apply_clip=false")
    assert isinstance(config.engine, AutoAwq)
    assert (config.engine.group_size, config.engine.awq.apply_clip, config.engine.environment) == (
        64,
        False,
        "quantize",
    )


def test_every_module_of_the_engines_is_an_engine() -> None:
    folder = Path(__file__).parents[2] / "src" / "shoptune" / "quantize" / "engines"
    modules = {file.stem for file in folder.glob("*.py")} - {"__init__"}
    found = settings_plugins("shoptune.quantize.engines", "engine")
    assert {plugin.__module__.split(".")[-1] for plugin in found.values()} == modules


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (_START + "awq: {q_group_sise: 64}\n", "q.yaml: awq.q_group_sise: unknown key; did you mean 'q_group_size'?"),
        (_START + "engin: autoawq\n", "q.yaml: engin: unknown key; did you mean 'engine'?"),
        (
            "model: m\ncalibration: {}\n",
            "q.yaml: calibration: set exactly one of questions and rows (got {}); correct the value",
        ),
    ],
)
def test_problems_name_the_key_as_it_is_written(tmp_path: Path, text: str, problem: str) -> None:
    assert _problem(tmp_path, text) == problem

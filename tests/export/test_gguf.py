"""Errors of `shoptune export gguf`; the conversion itself runs in tests/end_to_end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from shoptune.errors import ShoptuneError
from shoptune.export.gguf import DEFAULT, GGUF, TYPES, Job


def test_an_unknown_type_is_one_line(tiny_base: Path) -> None:
    with pytest.raises(ShoptuneError, match=r"--type: there is no type 'q8'; did you mean 'q8_0'\?"):
        GGUF.load(Job(tiny_base, "q8"))
    assert DEFAULT in TYPES


def test_quantized_weights_are_refused(tiny_base: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_base, tmp_path / "awq")
    config = json.loads((tiny_base / "config.json").read_text()) | {"quantization_config": {"quant_method": "awq"}}
    (tmp_path / "awq" / "config.json").write_text(json.dumps(config))
    with pytest.raises(ShoptuneError, match="already quantized with awq"):
        GGUF.load(Job(tmp_path / "awq"))


def test_it_needs_its_own_environment(tiny_base: Path, tmp_path: Path) -> None:
    job = GGUF.load(Job(tiny_base, "q8_0"))
    assert GGUF.environment(job) == "gguf"
    assert GGUF.next_command(job, tmp_path) == f"llama-server --model {tmp_path}/tiny_base-q8_0.gguf"

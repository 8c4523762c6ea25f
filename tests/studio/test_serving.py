"""Servers that the studio starts, and models of a run that can be served."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from shoptune.infer.profile import EngineSettings
from shoptune.studio.reading.servable import servable
from shoptune.studio.run_folder import RunFolder
from shoptune.studio.serving import Servers, State
from tests.studio.made.answers import make


def test_the_models_that_can_be_served(examples: Path, tiny_base: Path, tmp_path: Path) -> None:
    make(tmp_path / "run", examples)
    found = servable(RunFolder.open(tmp_path / "run"))
    assert [model.name for model in found] == ["base", "merged", "awq"]
    assert {model.checkpoint for model in found} == {tiny_base}
    assert found[0].way.profile.engine.dtype == "float32"
    assert found[0].way.profile.max_tokens.generation == 65


def test_a_server_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command itself refuses, before vLLM is imported."""
    monkeypatch.setenv("SHOPTUNE_ENVIRONMENTS", str(tmp_path))
    servers = Servers()
    server = servers.start(tmp_path / "missing", EngineSettings())
    try:
        assert servers.start(tmp_path / "missing", EngineSettings()) is server or server.state is State.FAILED
        deadline = time.monotonic() + 120
        while server.state is State.STARTING:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert server.state is State.FAILED
        assert "no folder" in server.describe()
        assert "\n" not in server.describe()
    finally:
        servers.close()
    assert not server.folder.exists()
    assert servers.find(tmp_path / "missing", EngineSettings()) is None
    shutil.rmtree(server.folder, ignore_errors=True)

"""The function that runs a stage: what it calls, and in which order."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from shoptune import stage as protocol
from shoptune.artifacts import manifest
from shoptune.artifacts.manifest import Request
from shoptune.errors import ShoptuneError, fail
from shoptune.stage import Stage, execute, run


class Recorder:
    """A stage that writes a given text and records its calls."""

    def __init__(self, source: Path) -> None:
        self.calls: list[str] = []
        self._source = source

    def stage(self, **settings: object) -> Stage[str, str]:
        return Stage("merge", self.load, self.request, self.write, lambda job, out: f"use {out}", **settings)  # type: ignore[arg-type]

    def load(self, text: str) -> str:
        self.calls.append("load")
        return text

    def request(self, job: str) -> Request:
        self.calls.append("request")
        return Request("merge", {"text": job}, {"source": self._source})

    def require(self, job: str, directory: Path) -> None:
        self.calls.append("require")

    def write(self, job: str, directory: Path) -> Mapping[str, str]:
        self.calls.append("write")
        (directory / "text").write_text(job)
        return {}


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    (tmp_path / "source").write_text("source")
    return Recorder(tmp_path / "source")


def test_the_order_of_a_run(recorder: Recorder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stage = recorder.stage(require=recorder.require, summary=lambda out: f"{(out / 'text').read_text()}!")
    execute(stage, "hello", tmp_path / "out")
    assert recorder.calls == ["load", "request", "require", "write"]
    summary, closing = capsys.readouterr().err.splitlines()
    assert summary == "hello!"
    assert closing.startswith(f"merge: {tmp_path}/out: wrote 0.00 MB in 1 file in ")
    assert closing.endswith(f"; next: use {tmp_path}/out")


def test_nothing_is_done_when_up_to_date(
    recorder: Recorder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        execute(recorder.stage(require=recorder.require), "hello", tmp_path / "out")
    assert recorder.calls == ["load", "request", "require", "write", "load", "request"]
    assert "up to date (0.00 MB in 1 file); nothing to do; next: use" in capsys.readouterr().err


def test_each_input_is_hashed_once(recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    real = manifest.digest
    monkeypatch.setattr(manifest, "digest", lambda path: hashed.append(path.name) or real(path))
    execute(recorder.stage(), "hello", tmp_path / "out")
    assert hashed == ["source"]


def test_a_stage_moves_into_its_environment_before_it_hashes(
    recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[tuple[str, str, list[str]]] = []

    def become(environment: str, module: str, arguments: list[str]) -> None:
        moved.append((environment, module, arguments))
        raise SystemExit

    monkeypatch.setattr(protocol.environments, "is_here", lambda environment: False)
    monkeypatch.setattr(protocol.environments, "become", become)
    monkeypatch.setattr(sys, "argv", ["shoptune", "merge", "x.yaml"])
    with pytest.raises(SystemExit):
        execute(recorder.stage(environment=protocol.environment("train")), "hello", tmp_path / "out")
    assert moved == [("train", "shoptune", ["merge", "x.yaml"])]
    assert recorder.calls == ["load"]


def test_work_that_the_machine_cannot_do_is_not_started(recorder: Recorder, tmp_path: Path) -> None:
    def require(job: str, directory: Path) -> None:
        raise fail(directory, "", "needs 80 GB of GPU memory, 16 GB are there", "use a larger card")

    with pytest.raises(ShoptuneError, match="use a larger card"):
        run(recorder.stage(require=require), "hello", tmp_path / "out")
    assert "write" not in recorder.calls
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("resumes", "said"), [(True, "; run the same command to resume"), (False, "")])
@pytest.mark.parametrize("ending", [KeyboardInterrupt(), SystemExit(0)])
def test_the_message_of_an_interruption_states_whether_it_can_be_resumed(
    recorder: Recorder,
    tmp_path: Path,
    resumes: bool,
    said: str,
    ending: BaseException,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def write(job: str, directory: Path) -> Mapping[str, str]:
        raise ending

    stage = Stage("merge", recorder.load, recorder.request, write, lambda job, out: "", resumes=resumes)
    with pytest.raises(KeyboardInterrupt):
        run(stage, "hello", tmp_path / "out")
    assert capsys.readouterr().err == f"interrupted{said}\n"


def test_an_artifact_is_not_written_into_its_input(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_text("")
    stage = Recorder(tmp_path / "model").stage()
    with pytest.raises(ShoptuneError, match=r"--out: is inside the input 'source' .*; choose a folder outside of it"):
        run(stage, "hello", tmp_path / "model" / "merged")


def test_an_artifact_that_took_long_is_replaced_only_with_force(
    recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, out = recorder.stage(), tmp_path / "out"
    run(stage, "hello", out)
    monkeypatch.setattr("shoptune.artifacts.publish._COSTLY_SECONDS", -1)
    assert not run(stage, "hello", out).rebuilt
    (tmp_path / "source").write_text("changed")
    with pytest.raises(
        ShoptuneError, match=r"would be replaced; changed since: text: hello -> goodbye; input 'source'; .*add --force"
    ):
        run(stage, "goodbye", out)
    assert (out / "text").read_text() == "hello"
    assert run(stage, "goodbye", out, force=True).rebuilt

"""Inference on Ray with real engines: a kill costs one batch, and predictions are those of the local engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from shoptune.shopbench.questions import load_questions, write_questions
from tests.end_to_end.engine_host import EngineHost
from tests.end_to_end.pipeline import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.early]

_QUESTIONS, _BATCH = 32, 4
_PROFILE = ("infer/cpu-float32.yaml", "--set", f"batch_size={_BATCH}")
# `shoptune infer` whose replicas note their process and the first question of every batch. From a number of batches on,
# they wait for a file before they answer.
_RECORDED = """
import os, sys, time
from pathlib import Path
from shoptune.cli import main
from shoptune.infer import answering
from shoptune.infer.engine import Engine

record, held_from = Path(sys.argv.pop(1)), int(sys.argv.pop(1))

class Recorded(Engine):
    def answer(self, prompts, adapter=None):
        with record.open("a") as file:
            file.write(f"{os.getpid()} {prompts[0].text!r}\\n")
        while len(record.read_text().splitlines()) >= held_from and not record.with_suffix(".go").exists():
            time.sleep(0.05)
        return Engine.answer(self, prompts, adapter)

if __name__ == "__main__":
    answering.Engine = Recorded
    main()
"""


class _Run:
    """A run of `shoptune infer --engine ray`; its replicas wait from a number of batches on, until `go`."""

    def __init__(self, folder: Path, held_from: int, *arguments: str) -> None:
        self._record, self._journal = folder / "record", folder / "ray.partial" / "journal.jsonl"
        self._said = folder / "said"
        self._record.write_text("")
        script = folder / "recorded.py"
        script.write_text(_RECORDED)
        python = ROOT / ".venvs" / "infer" / "bin" / "python"
        recorded = [script, self._record, str(held_from)]
        infer = ["infer", *_PROFILE, *arguments, "--engine", "ray", "--out", folder / "ray"]
        with self._said.open("w") as said:
            self.process = subprocess.Popen(
                [python, "-W", "ignore", *recorded, *infer], cwd=ROOT, stdout=said, stderr=said,
                env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, start_new_session=True,
            )  # fmt: skip

    @property
    def started(self) -> list[list[str]]:
        """The process and the first question of every batch that was started."""
        return [line.split(" ", 1) for line in self._record.read_text().splitlines()]

    @property
    def saved(self) -> int:
        """The number of batches in the journal."""
        return self._journal.read_text().count("\n") if self._journal.is_file() else 0

    def wait_until(self, *, processes: int, started: int, saved: int) -> None:
        """Wait until a number of replicas has started a number of batches, and a number of batches is saved."""
        deadline = time.monotonic() + 240
        while (len({process for process, _ in self.started}), len(self.started), self.saved) != (
            processes, started, saved,
        ):  # fmt: skip
            assert self.process.poll() is None, self._said.read_text()
            assert time.monotonic() < deadline, (self.started, self.saved, self._said.read_text())
            time.sleep(0.01)

    def go(self) -> None:
        """Let the replicas answer."""
        self._record.with_suffix(".go").touch()

    def finish(self) -> str:
        """Wait for the end of the run and return what it printed."""
        assert self.process.wait(240) == 0, self._said.read_text()
        return self._said.read_text()


@contextmanager
def _run(folder: Path, held_from: int, *arguments: str) -> Iterator[_Run]:
    run = _Run(folder, held_from, *arguments)
    try:
        yield run
    finally:
        run.process.kill()
        run.process.wait()
        for process in _processes(run.process.pid):  # agents of Ray end a minute after a kill
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def _processes(session: int) -> list[int]:
    """The processes of a session that have not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def _predictions(folder: Path) -> list[str]:
    return (folder / "predictions.jsonl").read_text(encoding="utf-8").splitlines()


def test_kills_cost_one_batch_and_predictions_are_those_of_the_local_engine(
    engines: EngineHost, tiny_base: Path, tmp_path: Path
) -> None:
    questions = tmp_path / "questions.json"
    held_out = load_questions(ROOT / "examples" / "questions" / "held_out.json")
    write_questions(questions, held_out[:: len(held_out) // _QUESTIONS][:_QUESTIONS])
    asked = ["--model", str(tiny_base), "--questions", str(questions)]
    result = engines.infer(*_PROFILE, *asked, "--out", tmp_path / "local")
    assert result.returncode == 0, result.stderr

    with _run(tmp_path, 4, *asked, "--replicas", "1") as run:
        run.wait_until(processes=1, started=4, saved=3)
        run.process.kill()
        run.process.wait()
        deadline, replica = time.monotonic() + 60, int(run.started[0][0])
        while replica in _processes(run.process.pid):  # it ends with the run, and frees its memory
            assert time.monotonic() < deadline, "the replica outlives its run"
            time.sleep(0.1)
        before = [text for _, text in run.started]
        assert run.saved == 3

    with _run(tmp_path, 1, *asked, "--replicas", "2") as run:
        run.wait_until(processes=2, started=2, saved=3)
        lost, _ = run.started[0]
        os.kill(int(lost), signal.SIGKILL)
        run.go()
        said = run.finish()
        processes, after = zip(*run.started, strict=True)
    assert len(set(processes)) == 3  # two replicas, and the one that replaced the killed one
    assert len(set(after)) == _QUESTIONS // _BATCH - 3
    assert len(after) == len(set(after)) + 1  # the killed replica's batch was answered again, and no other
    assert set(before) & set(after) == {before[-1]}  # and so was the batch that the killed run had started
    assert _predictions(tmp_path / "ray") == _predictions(tmp_path / "local")
    assert json.loads((tmp_path / "ray" / "timing.json").read_text())["questions"] == _QUESTIONS
    assert sorted(file.name for file in (tmp_path / "ray").iterdir()) == [
        "manifest.json", "predictions.jsonl", "raw.jsonl", "timing.json",
    ]  # fmt: skip
    assert [line for line in said.splitlines() if not line.startswith("infer: ")] == []  # the rest is in the log

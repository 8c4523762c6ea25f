"""Workers are started, monitored and stopped: real processes, but no training."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from shoptune.errors import ShoptuneError
from shoptune.train.exchange import FINISHED, PROBLEMS, PROGRESS, STOP, JobFile
from shoptune.train.launch import LOG, Nodes, command, run_workers


def _run(directory: Path, script: str) -> None:
    run_workers([sys.executable, "-c", script, str(directory)], directory, directory / LOG, {})


def test_a_run_that_finishes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    progress = json.dumps({"step": 1, "steps": 2, "tokens": 9})
    _run(
        tmp_path,
        f"""
import pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
(folder / "{PROGRESS}").write_text('{progress}')
print("what axolotl prints")
time.sleep(0.5)
(folder / "{FINISHED}").write_text("{{}}")
""",
    )
    assert "what axolotl prints" in (tmp_path / LOG).read_text()
    assert "axolotl" not in capfd.readouterr().err


def test_a_run_that_fails_names_its_log(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError) as caught:
        _run(tmp_path, "raise ValueError('bad rows')")
    assert str(caught.value) == (f"{tmp_path / LOG}: training failed: ValueError: bad rows; read the end of this log")
    assert "bad rows" in (tmp_path / LOG).read_text(), "the log is kept"


def test_weights_of_a_run_that_did_not_finish_do_not_count(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match="training ended with status 0, without weights"):
        _run(tmp_path, "print('axolotl ends with 0 at a signal')")


def test_problems_found_by_a_worker_are_reported(tmp_path: Path) -> None:
    problems = [
        {"file": "training", "where": "step 7", "what": "the loss is not a number", "remedy": "lower it"},
        {"file": "v8.yaml", "where": "lora_r", "what": "is too large", "remedy": "lower it"},
    ]
    (tmp_path / PROBLEMS).write_text(json.dumps(problems))
    with pytest.raises(ShoptuneError) as caught:
        _run(tmp_path, "raise SystemExit(2)")
    assert [str(problem) for problem in caught.value.problems] == [
        f"{tmp_path / LOG}: step 7: the loss is not a number; lower it",
        "v8.yaml: lora_r: is too large; lower it",
    ]


def test_sigterm_triggers_a_checkpoint(tmp_path: Path) -> None:
    waits = f"""
import pathlib, sys, time
while not (pathlib.Path(sys.argv[1]) / "{STOP}").exists():
    time.sleep(0.02)
"""
    before = signal.getsignal(signal.SIGTERM)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        _run(tmp_path, waits)
    assert signal.getsignal(signal.SIGTERM) == before


def test_ctrl_c_ends_the_workers_too(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    # A shell starts background commands with SIGINT ignored; without Python's handler this would wait forever.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    # As axolotl does: a handler of its own, which ends with status 0.
    waits = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
(pathlib.Path(sys.argv[1]) / "pid").write_text(str(os.getpid()))
while True:
    time.sleep(0.02)
"""

    def interrupt() -> None:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        _run(tmp_path, waits)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.parametrize(
    ("settings", "tensorboard", "wandb"),
    [
        ({}, "None", "true"),
        ({"use_tensorboard": True}, "tensorboard", "true"),
        ({"wandb_project": "x"}, "None", "None"),
    ],
)
def test_trackers_are_off_unless_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], tensorboard: str, wandb: str
) -> None:
    for name in ("WANDB_DISABLED", "TENSORBOARD_LOGGING_DIR", "AXOLOTL_DO_NOT_TRACK"):
        monkeypatch.delenv(name, raising=False)
    script = f"""
import os, pathlib, sys
folder = pathlib.Path(sys.argv[1])
print(pathlib.Path(os.environ.get("TENSORBOARD_LOGGING_DIR", "None")).name, os.environ.get("WANDB_DISABLED"))
print(os.environ["AXOLOTL_DO_NOT_TRACK"])
(folder / "{FINISHED}").write_text("{{}}")
"""
    run_workers([sys.executable, "-c", script, str(tmp_path)], tmp_path, tmp_path / LOG, settings)
    assert (tmp_path / LOG).read_text().split() == [tensorboard, wandb, "1"]


def test_the_commands(tmp_path: Path) -> None:
    python = os.environ["SHOPTUNE_TRAIN_PYTHON"] = sys.executable
    try:
        worker = [python, "-m", "shoptune.train.worker"]
        job = tmp_path / "job.json"
        assert command(job, Nodes(), "run") == [*worker, str(job)]
        assert command(job, Nodes(1, 2), "run") == [
            *(*worker, "--torchrun", "--standalone", "--nproc-per-node", "2"),
            *("-m", "shoptune.train.worker", str(job)),
        ]
        assert command(job, Nodes(2, 8, 1, "n0:29500"), "run")[3:-5] == [
            *("--torchrun", "--rdzv-backend", "c10d", "--rdzv-endpoint", "n0:29500", "--rdzv-id", "run"),
            *("--nnodes", "2", "--node-rank", "1"),
        ]
    finally:
        del os.environ["SHOPTUNE_TRAIN_PYTHON"]


def test_a_job_file_contains_the_requested_options(tmp_path: Path) -> None:
    job = JobFile(Path("v8.yaml"), {"lora_r": 8, "datasets": [{"path": "x"}]}, Path("base"), tmp_path)
    job.write(tmp_path / "job.json")
    assert JobFile.read(tmp_path / "job.json") == job

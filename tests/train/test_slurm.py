"""The batch file for SLURM, whose signal triggers a checkpoint and a requeue."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from shoptune.errors import ShoptuneError
from shoptune.train.launch import Nodes
from shoptune.train.slurm import Submission, batch_file, submit


def _submission(out: Path, *options: str) -> Submission:
    return Submission(Path("training_configs/v8.yaml"), out, ["lora_r=8"], Nodes(2, 8), options)


def test_the_directives(tmp_path: Path) -> None:
    text = batch_file(_submission(Path("runs/kdd24/adapters/v8"), "partition=gpu", "--time=2:00:00"), tmp_path)
    directives = [line.removeprefix("#SBATCH --") for line in text.splitlines() if line.startswith("#SBATCH")]
    assert directives == [
        "job-name=shoptune-v8",
        "nodes=2",
        "ntasks-per-node=1",
        "gpus-per-node=8",
        "signal=B:TERM@120",
        "open-mode=append",
        "output=runs/kdd24/adapters/v8.slurm.log",
        "time=2:00:00",
        "cpus-per-task=32",
        "partition=gpu",
        "requeue",
    ]
    assert (
        "train training_configs/v8.yaml --out runs/kdd24/adapters/v8 --set lora_r=8 --launcher torchrun --nodes 2"
        " --processes 8"
        " --rendezvous \"${hosts%%$'\\n'*}:29500\" &\n" in text
    )


def test_an_option_without_a_value(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match="--sbatch: gpu: is not OPTION=VALUE; write for example"):
        batch_file(_submission(Path("runs/a"), "gpu"), tmp_path)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing(tmp_path: Path) -> None:
    file = tmp_path / "job.sbatch"
    file.write_text(batch_file(_submission(Path("runs/it's a run/adapter")), tmp_path / "a folder"))
    result = subprocess.run(
        ["shellcheck", "-S", "style", file],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout


def _commands(folder: Path, **scripts: str) -> dict[str, str]:
    """Stand-ins for a cluster's commands, first on the path."""
    folder.mkdir()
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/usr/bin/env bash\n{script}\n")
        (folder / name).chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "SLURM_JOB_ID": "42",
        "SLURM_JOB_NODELIST": "n[0-1]",
    }


def test_the_signal_leads_to_a_checkpoint_and_a_requeue(tmp_path: Path) -> None:
    out = tmp_path / "runs" / "adapter"
    script = tmp_path / "job.sbatch"
    script.write_text(batch_file(_submission(out), tmp_path))
    environment = _commands(
        tmp_path / "bin",
        # The workers: they run until they are asked to stop, and then save.
        srun=f'echo "$@" > {tmp_path}/started; until [ -e {out}.partial/stop ]; do sleep 0.05; done; '
        f"echo saved >> {tmp_path}/log",
        scontrol=f'if [ "$1" = show ]; then echo n0; echo n1; else echo "$@" >> {tmp_path}/log; fi',
    )
    process = subprocess.Popen(["bash", script], env=environment)  # noqa: S607
    while not (tmp_path / "started").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert (tmp_path / "log").read_text() == "saved\nrequeue 42\n", "first the checkpoint, then the queue"
    assert "--rendezvous n0:29500" in (tmp_path / "started").read_text()


def test_a_failed_run_is_not_queued_again(tmp_path: Path) -> None:
    script = tmp_path / "job.sbatch"
    script.write_text(batch_file(_submission(tmp_path / "adapter"), tmp_path))
    record = f'if [ "$1" = show ]; then echo n0; else echo "$@" >> {tmp_path}/log; fi'
    environment = _commands(tmp_path / "bin", srun="exit 3", scontrol=record)
    assert subprocess.run(["bash", script], env=environment, check=False).returncode == 3  # noqa: S607
    assert not (tmp_path / "log").exists()


def test_submitting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = _commands(tmp_path / "bin", sbatch='echo "Submitted batch job 7: $1"')
    monkeypatch.setenv("PATH", environment["PATH"])
    assert submit(_submission(tmp_path / "adapter"), tmp_path) == f"Submitted batch job 7: {tmp_path}/adapter.sbatch"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ShoptuneError, match="sbatch is not on this machine; submit the file where SLURM is"):
        submit(_submission(tmp_path / "adapter"), tmp_path)

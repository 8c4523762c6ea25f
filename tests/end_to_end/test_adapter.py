"""An adapter applied to its base, in `infer` and behind a real server that requires a key."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import save_file

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.shopbench.questions import load_questions, write_questions
from tests.end_to_end.engine_host import EngineHost
from tests.end_to_end.pipeline import ROOT, SHOPTUNE, run_shoptune, shoptune
from tests.warm.interpreters import WarmInterpreters

pytestmark = [pytest.mark.slow, pytest.mark.early]

_BASE = ROOT / "examples" / "tiny_base"
_PROFILE = "infer/cpu-float32.yaml"


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random adapter that changes the base's answers."""
    folder, draw = tmp_path_factory.mktemp("adapter"), torch.Generator().manual_seed(1)
    tensors = {}
    for name, spec in Checkpoint(_BASE).tensors.items():
        if name.endswith(("q_proj.weight", "down_proj.weight")):
            rows, columns = spec.shape
            stem = f"base_model.model.{name.removesuffix('.weight')}"
            tensors[f"{stem}.lora_A.weight"] = torch.randn(4, columns, generator=draw) * 0.2
            tensors[f"{stem}.lora_B.weight"] = torch.randn(rows, 4, generator=draw) * 0.2
    save_file(tensors, folder / "adapter_model.safetensors")
    config = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 4, "lora_dropout": 0.0, "bias": "none",
        "target_modules": ["q_proj", "down_proj"], "base_model_name_or_path": str(_BASE),
    }  # fmt: skip
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("questions") / "questions.json"
    write_questions(file, load_questions(ROOT / "examples" / "questions" / "held_out.json")[::40])
    return file


def test_base_and_adapters_have_the_distributions_of_the_merged_model(
    adapter: Path, questions: Path, tmp_path: Path
) -> None:
    """The parity gate with PEFT and vLLM, on two copies of an adapter and with thresholds that nothing passes."""
    other = tmp_path / "other"
    shutil.copytree(adapter, other)
    config = {
        "base": str(_BASE),
        "adapters": [{"path": str(adapter), "weight": 0.25}, {"path": str(other), "weight": -0.75}],
        "wise_ft_alpha": 1.5,
        "parity": {
            "questions": str(questions), "prompts": 3, "tokens": 2, "device": "cpu", "on_failure": "warn",
            "exact": {"max_kl": 0, "min_agreement": 1},
        },
    }  # fmt: skip
    (tmp_path / "merge.yaml").write_text(yaml.safe_dump(config))
    compiled = tmp_path / "compiled"
    arguments = ["merge", tmp_path / "merge.yaml", "--out", tmp_path / "merged"]
    done = shoptune(*arguments, variables={"TORCHINDUCTOR_CACHE_DIR": str(compiled)})
    assert done.returncode == 0, done.stderr
    assert not list(compiled.glob("*")), "a C++ compiler ran for seconds to rank a few tokens"
    gate = json.loads((tmp_path / "merged" / "parity.json").read_text())
    assert gate["reference"] == "base + adapters"
    forms = {form["name"]: form for form in gate["forms"]}
    assert forms.keys() == {"merged", "merged in vLLM", "base + adapters in vLLM"}
    assert all(0 < form["mean_kl"] < 1e-4 and form["top1"] == 1 for form in forms.values()), forms
    assert "DOES NOT PASS" in done.stdout + done.stderr
    assert sorted(path.name for path in (tmp_path / "merged").iterdir() if path.is_dir()) == []


def _predictions(engines: EngineHost, out: Path, questions: Path, model: Path, *more: str | Path) -> list[str]:
    result = engines.infer(_PROFILE, "--model", model, "--questions", questions, "--out", out, *more)
    assert result.returncode == 0, result.stderr
    return [json.loads(line)["prediction"] for line in (out / "predictions.jsonl").read_text().splitlines()]


def test_an_adapter_answers_as_the_merged_checkpoint_and_its_server(
    adapter: Path, questions: Path, engines: EngineHost, tmp_path: Path
) -> None:
    config = {"base": str(_BASE), "adapters": [{"path": str(adapter), "weight": 1.0}], "wise_ft_alpha": 1.0}
    (tmp_path / "merge.yaml").write_text(yaml.safe_dump(config))
    run_shoptune("merge", tmp_path / "merge.yaml", "--out", tmp_path / "merged")
    base = _predictions(engines, tmp_path / "base", questions, _BASE)
    merged = _predictions(engines, tmp_path / "from-merged", questions, tmp_path / "merged")
    adapted = _predictions(engines, tmp_path / "adapted", questions, _BASE, "--adapter", adapter)
    assert adapted == merged != base
    inputs = json.loads((tmp_path / "adapted" / "manifest.json").read_text())["inputs"]
    assert inputs.keys() == {"model", "questions", "adapter"}
    _assert_the_server_agrees(adapter, questions, adapted, base, tmp_path)


def _assert_the_server_agrees(adapter: Path, questions: Path, adapted: list[str], base: list[str], tmp: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    log = tmp / "server.log"
    command = [SHOPTUNE, "serve", _PROFILE, "--model", str(_BASE), "--adapter", f"tuned={adapter}", "--port", port]
    environment = os.environ | WarmInterpreters.current.variables() | {"SHOPTUNE_API_KEY": "secret"}
    with (tmp / "said").open("w") as said:
        server = subprocess.Popen(
            [*command, "--log-file", str(log)], cwd=ROOT, env=environment, stdout=said, stderr=said
        )
    try:
        _wait_until_ready(server, tmp / "said", f"serve: ready at http://127.0.0.1:{port}")
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert second.returncode == 2
        assert "address already in use" in second.stderr
        refused = _ask("Is it there?", port, {})
        assert refused.returncode == 2
        assert "requires an API key" in refused.stderr
        for number, question in enumerate(load_questions(questions)):
            if question.is_multiple_choice:
                asked = [question.input_field, port, {"SHOPTUNE_API_KEY": "secret"}, "--multiple-choice"]
                assert _ask(*asked).stdout.strip() == base[number]
                assert _ask(*asked, "--adapter", "tuned").stdout.strip() == adapted[number]
        assert "secret" not in log.read_text()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def _wait_until_ready(server: subprocess.Popen[bytes], said: Path, line: str) -> None:
    deadline = time.monotonic() + 300
    while line not in said.read_text():
        assert server.poll() is None, said.read_text()
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.5)
    assert said.read_text().splitlines()[-1] == line


def _ask(text: str, port: str, variables: dict[str, str], *flags: str) -> subprocess.CompletedProcess[str]:
    return shoptune("ask", text, "--port", port, "--profile", _PROFILE, *flags, variables=variables)

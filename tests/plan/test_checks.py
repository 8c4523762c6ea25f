"""Checks that run before a stage starts work, with fakes of NVML, /proc and statvfs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from shoptune.artifacts.manifest import Request
from shoptune.checkpoints.known_models import known_model_config
from shoptune.cli import main
from shoptune.errors import ShoptuneError
from shoptune.infer.profile import EngineSettings, Profile
from shoptune.plan import checks
from shoptune.quantize.config import Calibration, QuantizeConfig
from shoptune.runtime.machine import inspect_machine
from shoptune.stage import Stage, run
from tests.runtime.fake_machine import FakeNvml, fake_probes, statvfs, t4

Fake = Callable[..., None]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Fake:
    """Replaces the interfaces through which this machine is inspected."""
    monkeypatch.delenv(checks.SKIP, raising=False)

    def replace(**changes: Any) -> None:
        probes = fake_probes(tmp_path / "machine", **changes)
        monkeypatch.setattr(checks, "inspect_machine", lambda out: inspect_machine(out, probes))

    return replace


@pytest.fixture
def qwen2_72b(tmp_path: Path) -> Path:
    """A folder with the config of Qwen2-72B; its weights are not needed."""
    folder = tmp_path / "qwen2-72b"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(known_model_config("Qwen/Qwen2-72B-Instruct")))
    return folder


def reasons(check: Callable[[Any, Path], None], job: Any, directory: Path) -> list[str]:
    with pytest.raises(ShoptuneError) as raised:
        check(job, directory)
    return [f"{problem.where}: {problem.what}" for problem in raised.value.problems]


def quantizing(model: Path, device: str) -> Any:
    config = QuantizeConfig(model=str(model), calibration=Calibration(questions="none.json"), device=device)
    return SimpleNamespace(config=config, checkpoint=SimpleNamespace(path=model))


def test_quantization_needs_memory_and_disk(fake: Fake, qwen2_72b: Path, tmp_path: Path) -> None:
    fake()
    found = reasons(checks.check_quantize, quantizing(qwen2_72b, "cuda"), tmp_path)
    assert [line.split(":")[0] for line in found] == ["memory", "disk"]
    assert "8.4 GB available" in found[0]
    assert "0.029 MB available" in found[1]


def test_quantization_needs_a_gpu(fake: Fake, qwen2_72b: Path, tmp_path: Path) -> None:
    fake(nvml=lambda: None)
    found = reasons(checks.check_quantize, quantizing(qwen2_72b, "cuda"), tmp_path)
    assert found[0] == "device: needs a GPU, but machine 'here' has none"
    assert [line.split(":")[0] for line in found[1:]] == ["memory", "disk"]


def test_inference_needs_gpu_memory_a_driver_and_the_right_type(fake: Fake, qwen2_72b: Path, tmp_path: Path) -> None:
    fake(nvml=lambda: FakeNvml([t4(), t4()], driver="535.183.01"), which=lambda name: None)
    profile = Profile(engine=EngineSettings(dtype="bfloat16", tensor_parallel_size=2))
    job = SimpleNamespace(profile=profile, checkpoint=SimpleNamespace(path=qwen2_72b), engine="local")
    found = reasons(checks.check_infer, job, tmp_path)
    assert [line.split(":")[0] for line in found] == [
        "driver",
        "compiler",
        "shared memory",
        "engine.dtype",
        "memory per GPU",
    ]


def test_training_needs_gpu_memory(fake: Fake, qwen2_72b: Path, tmp_path: Path) -> None:
    fake()
    config = SimpleNamespace(axolotl={"adapter": "qlora", "load_in_4bit": True, "lora_r": 8, "fp16": True})
    job = SimpleNamespace(config=config, base_model=qwen2_72b, nodes=SimpleNamespace(processes=1))
    found = reasons(checks.check_train, job, tmp_path)
    assert found[0].startswith("memory per GPU: ")
    assert "3.2 GB available" in found[0]  # the smaller of the two


def test_a_model_of_unknown_shapes_is_not_checked(fake: Fake, tmp_path: Path) -> None:
    fake(nvml=lambda: None)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    checks.check_quantize(quantizing(tmp_path, "cuda"), tmp_path)


def test_checks_can_be_skipped(fake: Fake, qwen2_72b: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake()
    monkeypatch.setenv(checks.SKIP, "1")
    checks.check_quantize(quantizing(qwen2_72b, "cuda"), tmp_path)


def test_nothing_is_written_when_a_check_fails(tmp_path: Path) -> None:
    written: list[Path] = []

    def write(_job: str, directory: Path) -> dict[str, str]:
        written.append(directory)
        return {}

    def refuse(_job: str, _directory: Path) -> None:
        raise ShoptuneError([])

    stage: Stage[str, str] = Stage("x", lambda text: text, lambda job: Request("x", {}, {}), write, lambda job, out: "")
    with pytest.raises(ShoptuneError):
        run(checks.with_checks(stage, refuse), "job", tmp_path / "out")
    assert written == []
    assert not (tmp_path / "out").exists()
    run(checks.with_checks(stage, lambda job, directory: None), "job", tmp_path / "out")
    assert len(written) == 1


@pytest.fixture
def adapter(tmp_path: Path, tiny_base: Path) -> Path:
    """A LoRA adapter of the tiny base model."""
    import torch
    from safetensors.torch import save_file

    hidden = json.loads((tiny_base / "config.json").read_text())["hidden_size"]
    folder, layer = tmp_path / "adapter", "base_model.model.model.layers.0.self_attn.q_proj"
    folder.mkdir()
    factors = {f"{layer}.lora_A.weight": torch.ones(1, hidden), f"{layer}.lora_B.weight": torch.ones(hidden, 1)}
    save_file(factors, folder / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "r": 1, "lora_alpha": 1, "target_modules": ["q_proj"], "layers_to_transform": [0]}
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    return folder


def test_the_merge_command_stops_before_it_writes(
    fake: Fake, adapter: Path, tiny_base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, out = tmp_path / "merge.yaml", tmp_path / "merged"
    config.write_text(f"base: {tiny_base}\nadapters: [{{path: {adapter}}}]\n")
    fake()
    with pytest.raises(SystemExit) as ended:
        main(["merge", str(config), "--out", str(out)])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {out}: disk: ")
    assert error.endswith("free some space, or choose an --out on another disk\n")
    assert not out.exists()
    fake(statvfs=statvfs({}, free=10**9))
    with pytest.raises(SystemExit) as ended:
        main(["merge", str(config), "--out", str(out)])
    assert not ended.value.code
    assert out.is_dir()


def test_files_of_an_interrupted_run_count_as_free_space(fake: Fake, qwen2_72b: Path, tmp_path: Path) -> None:
    fake()
    directory = tmp_path / "awq.partial"
    directory.mkdir()
    with (directory / "model.safetensors").open("wb") as file:
        file.truncate(10**12)
    found = reasons(checks.check_quantize, quantizing(qwen2_72b, "cuda"), directory)
    assert [line.split(":")[0] for line in found] == ["memory"]

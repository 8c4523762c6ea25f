"""Plans of config files, through the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shoptune.cli import main
from shoptune.errors import ShoptuneError
from shoptune.plan.machines import find_machine
from shoptune.plan.report import as_text, duration
from shoptune.plan.run import Options, plan_config, stage_of

CONFIGS = {
    "training_configs": "train",
    "merge": "merge",
    "merge/sweeps": "sweep",
    "quantize": "quantize",
    "infer": "infer",
}


@pytest.fixture(autouse=True)
def _at_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)


def shoptune(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | None, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["plan", *arguments])
    streams = capsys.readouterr()
    return ended.value.code or 0, streams.out, streams.err  # type: ignore[return-value]


@pytest.mark.parametrize("folder", CONFIGS)
@pytest.mark.parametrize("machine", ["a100x8", "t4x4", "here"])
def test_every_config_in_the_tree_can_be_planned(root: Path, folder: str, machine: str) -> None:
    files = sorted((root / folder).glob("*.yaml"))
    assert files
    for file in files:
        plan = plan_config(file, Options(machine=machine))
        assert plan.estimate.stage == CONFIGS[folder]
        assert plan.verdict == ("does not fit" if plan.problems else "fits")


def test_json_of_the_challenges_machine(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = shoptune(capsys, "infer/t4x4.yaml", "--machine", "t4x4", "--track", "1", "--json")
    found: dict[str, Any] = json.loads(out)
    assert code == 0
    assert found["weights_gb_total"] == pytest.approx(41.4, abs=0.1)
    assert found["weights_gb_per_gpu"] == pytest.approx(10.4, abs=0.05)
    assert found["padded_intermediate_size"] == 29696
    assert found["kv_tokens"] > 25_000
    assert (found["track"], found["track_verdict"], found["verdict"]) == (1, "fits", "fits")
    assert found["assumptions"]
    assert "Qwen/Qwen2-72B-Instruct, since the config names no model" in found["assumptions"][0]


def test_the_config_of_a_model_can_be_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from shoptune.checkpoints.known_models import known_model_config

    file = tmp_path / "config.json"
    file.write_text(json.dumps(known_model_config("Qwen/Qwen2-7B-Instruct")))
    _, out, _ = shoptune(capsys, "infer/t4x4.yaml", "--machine", "t4x4", "--model", str(file), "--json")
    assert json.loads(out)["padded_intermediate_size"] == 18944
    assert json.loads(out)["model"] == str(file)


def test_a_config_that_does_not_fit_stops_with_the_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("infer/t4x4.yaml", "--machine", "t4x4", "--set", "engine.dtype=bfloat16", "--json")
    code, out, err = shoptune(capsys, *arguments)
    assert code == 2
    assert err.startswith("error: infer/t4x4.yaml: engine.dtype: bfloat16 needs capability 8.0")
    found = json.loads(out)
    assert found["verdict"] == "does not fit"
    assert found["problems"][0]["remedy"] == "set engine.dtype to half"


@pytest.mark.parametrize("width", [40, 60, 100])
def test_text_fits_the_terminal(width: int) -> None:
    text = as_text(plan_config(Path("infer/t4x4.yaml"), Options(machine="t4x4")), width)
    assert max(map(len, text.splitlines())) <= width
    for part in ("verdict: fits", "track 1: about", "padded to 29696", "assumptions:", "41.5 GB"):
        assert part in " ".join(text.split())


def test_a_model_that_does_not_exist_yet_is_assumed_and_reported() -> None:
    options = Options(overrides=("model=runs/later/merged",), machine="a100x8")
    plan = plan_config(Path("quantize/demo.yaml"), options)
    assert plan.model.name == "Qwen/Qwen2-72B-Instruct"
    assert "since 'runs/later/merged' does not exist yet" in as_text(plan, 200)


def test_unknown_shapes_are_refused() -> None:
    options = Options(overrides=("base_model=org/other",), machine="a100x8")
    with pytest.raises(ShoptuneError, match=r"base_model: 'org/other' is neither a config\.json"):
        plan_config(Path("training_configs/demo-a.yaml"), options)


def test_options_of_other_stages_are_refused() -> None:
    with pytest.raises(ShoptuneError, match="--track: applies to infer configs, but this is a merge config") as raised:
        plan_config(Path("merge/demo.yaml"), Options(track=1, processes=2))
    assert len(raised.value.problems) == 2


def test_a_config_of_an_unknown_stage_is_an_error() -> None:
    with pytest.raises(ShoptuneError, match="is not a train, merge, sweep, quantize, infer or teacher config"):
        stage_of(Path("x.yaml"), {"recipes": []})


def test_the_base_model_is_downloaded_unless_it_is_here(tiny_base: Path) -> None:
    far = plan_config(Path("merge/demo.yaml"), Options(overrides=("base=Qwen/Qwen2-7B-Instruct",), machine="a100x8"))
    assert "download of the base" in far.estimate.budgets[1].parts
    here = plan_config(Path("merge/demo.yaml"), Options(overrides=(f"base={tiny_base}",)))
    assert list(here.estimate.budgets[1].parts) == ["merged checkpoint"]


def test_a_gpu_of_unknown_speed_has_no_times(tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    gpu = 'gpu: Odd\ngpus: 4\ngpu_memory_gib: 80\ncapability: "8.0"\n'
    file.write_text(f"{gpu}cpus: 8\nmemory_gb: 900\nshared_memory_gb: 9\ndisk_gb: 900\n")
    plan = plan_config(Path("infer/t4x4.yaml"), Options(machine=str(file)))
    assert plan.estimate.figures["minutes_per_track"] == {}
    assert "no times, since the GPU's speed is unknown" in as_text(plan, 200)
    assert find_machine(str(file)).gpus[0].fp16_tflops == 0


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (89, "89 s"), (90, "2 minutes"), (5399, "90 minutes"), (5400, "1.5 hours")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text

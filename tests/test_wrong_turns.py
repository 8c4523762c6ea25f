"""Mistakes that users make, on the real command line: each ends in one line with a remedy, and status 2.

Mistakes that need a stage's libraries have their tests with those of the stage.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest

from shoptune.artifacts.manifest import Request
from shoptune.cli import main
from shoptune.runtime import environments
from tests.publishing import make

QUESTION = {"input_field": "Explain kettle", "task_type": "generation", "metric": "rougel", "output_field": "a b"}
PROFILE = "infer infer/cpu-float32.yaml --model base --questions q.json --out out"
MERGE = "merge merge.yaml --out out"
TRAIN = "train train.yaml --out out"
QUANTIZE = "quantize quantize.yaml --out out"


@pytest.fixture
def here(tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a base, an adapter, questions, an artifact and configs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr(environments, "become", lambda *_: pytest.fail("the mistake was not found here"))
    Path("base").symlink_to(tiny_base)
    Path("adapter").mkdir()
    Path("adapter/adapter_config.json").write_text('{"peft_type": "LORA", "r": 8, "target_modules": ["q_proj"]}')
    Path("q.json").write_text(json.dumps(QUESTION) + "\n")
    Path("p.jsonl").write_text(json.dumps({"input_field": "Explain kettle", "prediction": "a"}) + "\n")
    Path("none.json").write_text("")
    Path("array.json").write_text("[]")
    Path("header.csv").write_text("input_field,output_field\n")
    make(Request("evaluate", {}, {}), Path("scores"), lambda folder: (folder / "scores.json").write_text("{}"))
    Path("train.yaml").write_text("base_model: base\nadapter: lora\ndatasets: [{path: rows, type: chat_template}]\n")
    Path("rows").mkdir()
    Path("merge.yaml").write_text("base: base\nadapters: [adapter]\n")
    Path("quantize.yaml").write_text(
        "model: base\ncalibration: {questions: q.json}\nawq: {q_group_size: 64}\ndevice: cpu\n"
    )
    Path("recipe.yaml").write_text(
        "source: tables\ntables: {products: empty.csv}\ntasks:\n- {name: mine, kind: generation, metric: rougel, "
        "track: all-around, like: none, prompts: [x], records: 'SELECT sku AS key, sku AS answer FROM products'}\n"
    )
    Path("mixture.yaml").write_text("tasks: {mine: 2}\n")
    Path("none.yaml").write_text("tasks: {esci_query_generation: 2}\n")
    Path("empty.csv").write_text("sku,title\n")
    return tmp_path


def _fails(command: str, capfd: pytest.CaptureFixture[str]) -> list[str]:
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(command))
    said = capfd.readouterr().err
    assert ended.value.code == 2, said
    lines = [line for line in said.splitlines() if "the one that ships with shoptune is used" not in line]
    assert all(line.startswith("error: ") and "; " in line for line in lines), said
    return [line.removeprefix("error: ") for line in lines]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        # an adapter where a model is needed
        (PROFILE.replace("base", "adapter"), ["adapter: is an adapter, not a checkpoint; pass its base model as"]),
        ("serve infer/cpu.yaml --model adapter", ["adapter: is an adapter, not a checkpoint; pass its base model as"]),
        ("export infer/cpu.yaml --model adapter --track 1 --out out", ["adapter: is an adapter, not a checkpoint; "]),
        (f"{MERGE} --set base=adapter", ["adapter: is an adapter, not a checkpoint; "]),
        (f"{QUANTIZE} --set model=adapter", ["adapter: is an adapter, not a checkpoint; "]),
        # an artifact of another stage
        (
            PROFILE.replace("base", "scores"),
            ["infer/cpu-float32.yaml: --model: 'scores' is an artifact of `shoptune ev"],
        ),
        (
            f"{MERGE} --set base=scores",
            ["merge.yaml: base: 'scores' is an artifact of `shoptune evaluate`, not a model"],
        ),
        (f"{QUANTIZE} --set model=scores", ["quantize.yaml: model: 'scores' is an artifact of `shoptune evaluate`"]),
        ("data stats scores", ["scores/stats.json: no such file; choose an artifact of `shoptune data build`"]),
        ("data stats q.json", ["q.json/stats.json: not a directory; "]),
        # nothing to work on
        (PROFILE.replace("q.json", "none.json"), ["none.json: contains no questions; "]),
        (PROFILE.replace("q.json", "array.json"), ["array.json: contains no questions; "]),
        (PROFILE.replace("q.json", "header.csv"), ["header.csv: contains no questions; "]),
        (f"{QUANTIZE} --set calibration.questions=none.json", ["none.json: contains no questions; "]),
        ("evaluate p.jsonl --questions none.json --out out", ["none.json: contains no questions; "]),
        ("evaluate none.json --questions q.json --out out", ["none.json: 1 of 1 questions have no prediction"]),
        (
            "data build mixture.yaml --out out",
            ["recipe.yaml: no record of table 'products' could be read; correct its files"],
        ),
        (
            "data build none.yaml --out out --raw base",
            ["base: no folder for esci, so 1 of 1 tasks have no records; put"],
        ),
        (f"{MERGE} --set adapters=[]", ["merge.yaml: adapters: "]),
        # values of another type
        (
            f"{PROFILE} --set batch_size=x --set engine.max_model_len=many",
            [
                "infer/cpu-float32.yaml: engine.max_model_len: input should be a valid integer",
                "infer/cpu-float32.yaml: batch",
            ],
        ),
        (f"{MERGE} --set base=5", ["merge.yaml: base: input should be a valid string (got 5);"]),
        (f"{MERGE} --set adapters=adapter", ["merge.yaml: adapters: input should be a valid tuple (got 'adapter')"]),
        (f"{QUANTIZE} --set awq.q_group_size=wide", ["quantize.yaml: awq.q_group_size: input should be 32, 64 or 128"]),
        (
            "data build mixture.yaml --out out --set tasks.mine=some",
            ["mixture.yaml: tasks.mine: input should be a valid"],
        ),
        # a folder as config
        ("merge adapter --out out", ["adapter: is a folder, not a config file; "]),
        ("train adapter --check", ["adapter: is a folder, not a config file; "]),
        ("plan adapter", ["adapter: is a folder, not a config file; "]),
        ("data build adapter --raw adapter --out out", ["adapter: is a folder, not a config file; "]),
        # --out names a file
        (PROFILE.replace("--out out", "--out q.json"), ["q.json: is a file, not a directory; "]),
        (MERGE.replace("--out out", "--out q.json"), ["q.json: is a file, not a directory; "]),
        (
            "export infer/cpu.yaml --model base --track 1 --out q.json",
            ["q.json: is a file, not a directory; "],
        ),
        # a Hub id that cannot be reached
        (
            f"{TRAIN} --set base_model=org/none",
            ["train.yaml: base_model: no folder 'org/none'"],
        ),
        (
            f"{TRAIN} --set datasets.0.path=org/none",
            ["train.yaml: datasets[0].path: no folder 'org/none'"],
        ),
        (f"{TRAIN} --set base_model=adapter", ["adapter: is an adapter, not a checkpoint; "]),
        (f"{TRAIN} --set datasets=[]", ["train.yaml: datasets: is missing; "]),
        # methods, devices, windows
        (
            f"{PROFILE} --set engine.max_model_len=99999",
            ["infer/cpu-float32.yaml: engine.max_model_len: is 99999, but"],
        ),
    ],
)
def test_it_is_one_line(command: str, expected: Sequence[str], here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lines = _fails(command, capfd)
    root = Path(__file__).parents[1]
    assert len(lines) == len(expected), lines
    for line, beginning in zip(lines, expected, strict=True):
        assert line.replace(f"{root}/", "").startswith(beginning)
    assert not (here / "out").exists()

"""`--check` with axolotl, DeepSpeed, PEFT and the real tokenizer, for other machines than this one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.shopbench.questions import Question
from shoptune.shopbench.rows import Row, to_table
from shoptune.shopbench.vocabulary import Metric, TaskType, Track
from tests.end_to_end.pipeline import ROOT, python_in, run_shoptune
from tests.sharing import make_once

pytestmark = [pytest.mark.slow, pytest.mark.early]

CONFIGS = sorted(
    path.relative_to(ROOT)
    for path in [*(ROOT / "training_configs").rglob("*.yaml"), *(ROOT / "examples/tiny_base_recipe").glob("*.yaml")]
    if path.parent.name != "base"
)
_CHECK = """
import json, sys
from pathlib import Path
from shoptune.errors import ShoptuneError
from shoptune.train.checks.run import check
from shoptune.train.config import load_train_config
from shoptune.train.machine import parse_machine

reports = []
for file, machine, *overrides in json.loads(sys.argv[1]):
    config = load_train_config(Path(file), overrides, built=False)
    report = check(config, parse_machine(machine) if machine else config.machine)
    problems = [str(problem) for problem in report.problems]
    reports.append({"problems": problems, "notes": report.notes, "unchecked": report.unchecked})
print(json.dumps(reports))
"""
SDPA = "attn_implementation=sdpa"
PROJECTIONS = "lora_target_modules=[q_proj,w1]"


def _check(*cases: tuple[str, ...]) -> list[dict[str, list[str]]]:
    output = python_in("train", _CHECK, json.dumps(cases))
    reports: list[dict[str, list[str]]] = json.loads(output.splitlines()[-1])
    return reports


@pytest.fixture(scope="module")
def reports(shared_folder: Path) -> dict[Path, dict[str, list[str]]]:
    def make(file: Path) -> None:
        file.write_text(json.dumps(_check(*((str(config), "") for config in CONFIGS))))

    made = make_once(shared_folder / "training-checks.json", make, shared_folder)
    return dict(zip(CONFIGS, json.loads(made.read_text()), strict=True))


def test_configs_were_found() -> None:
    assert {"v7.yaml", "v8.yaml", "v7b.yaml", "v9b.yaml", "llasa.yaml"} <= {file.name for file in CONFIGS}


@pytest.mark.parametrize("file", CONFIGS, ids=str)
def test_every_training_config_passes(file: Path, reports: dict[Path, dict[str, Any]]) -> None:
    assert reports[file]["problems"] == []
    assert any("axolotl accepts it" in note for note in reports[file]["notes"])


def test_trainable_parameters_are_counted_from_shapes(reports: dict[Path, dict[str, Any]]) -> None:
    # Rank 64 adds 64 x (inputs + outputs) to each layer's seven matrices; widths 8192, 1024 (keys, values) and 29568.
    per_layer = 64 * (2 * (8192 + 8192) + 2 * (8192 + 1024) + 3 * (8192 + 29568))
    (note,) = [note for note in reports[Path("training_configs/v8.yaml")]["notes"] if "LoRA" in note]
    assert f"{80 * per_layer:,} of" in note
    (note,) = [note for note in reports[Path("training_configs/llasa.yaml")]["notes"] if "LoRA" in note]
    assert note.startswith("LoRA of rank 8 on k_proj, q_proj, v_proj: ")
    assert f"{80 * 8 * ((8192 + 8192) + 2 * (8192 + 1024)):,} of" in note


def test_problems_of_gpu_machines_are_found_without_a_gpu() -> None:
    v8, demo = "training_configs/v8.yaml", "training_configs/demo-a.yaml"
    flash, sdpa, hopper, target, kernels, typed, alone = _check(
        (v8, "a100x8", "attn_implementation=flash_attention_2"),
        (v8, "a100x8", SDPA),
        (v8, "h100x8", SDPA),
        (v8, "a100x8", PROJECTIONS, "lora_target_linear=false"),
        (demo, "cpu", "lora_qkv_kernel=null"),
        (v8, "a100x8", "learning_rate=fast"),
        (v8, "a100x1", "deepspeed=training_configs/deepspeed/zero2.json"),
    )
    assert any("no flash-attn build is available" in problem for problem in flash["problems"])
    (problem,) = sdpa["problems"]
    assert "0.0 loss" in problem
    assert problem.endswith("set attn_implementation: flex_attention, or remove it")
    assert hopper["problems"] == []
    (problem,) = target["problems"]
    assert "the model has no layer 'w1'; name some of down_proj, gate_proj, k_proj" in problem
    (problem,) = kernels["problems"]
    assert problem.endswith("set lora_qkv_kernel to false")
    (problem,) = typed["problems"]
    assert problem.startswith("training_configs/base/qwen2-qlora.yaml: learning_rate: ")
    (problem,) = alone["problems"]
    assert "DeepSpeed splits work between processes, and there is one" in problem


def test_adapters_that_cannot_be_merged_are_rejected_before_training() -> None:
    demo = "training_configs/demo-a.yaml"  # its base ties embedding and output layer
    half, target, both, dora, tokens, start, experts, full = _check(
        (demo, "cpu", "lora_modules_to_save=[embed_tokens]"),
        (demo, "cpu", "lora_target_modules=[q_proj,lm_head]"),
        (demo, "cpu", "lora_modules_to_save=[embed_tokens]", "peft_ensure_weight_tying=true"),
        (demo, "cpu", "peft_use_dora=true"),
        (demo, "cpu", "peft_trainable_token_indices=[7]"),
        (demo, "cpu", "peft_init_lora_weights=pissa"),
        (demo, "cpu", "lora_target_parameters=[mlp.experts.down_proj]"),
        (demo, "cpu", "adapter=null", "load_in_4bit=false"),
    )
    for report in (half, target):
        (problem,) = report["problems"]
        assert "and this base has one weight for its embedding and its output layer; set peft_ensure" in problem
    assert [report["problems"] for report in (both, dora, tokens, full)] == [[], [], [], []]
    assert any("peft_init_lora_weights: changes the base's own weights" in problem for problem in start["problems"])
    assert any("lora_target_parameters: adapts experts' parameters" in problem for problem in experts["problems"])
    assert any("a checkpoint for `shoptune infer`, `quantize`, and" in note for note in full["notes"])


def test_a_wrong_deepspeed_config(tmp_path: Path) -> None:
    file = tmp_path / "zero.json"
    file.write_text(json.dumps({"zero_optimization": {"stage": 7}, "train_micro_batch_size_per_gpu": "auto"}))
    (report,) = _check(("training_configs/v8.yaml", "a100x8", f"deepspeed={file}"))
    (problem,) = report["problems"]
    assert problem.startswith(f"{file}: DeepSpeed refuses it: ")


def _rows(folder: Path, shards: int, answer: str = "{}") -> Path:
    folder.mkdir()
    for shard in range(shards):
        rows = [
            {
                "messages": [
                    {"role": "system", "content": "You are a shop's assistant."},
                    {"role": "user", "content": f"Which is number {shard * 10 + row}?"},
                    {"role": "assistant", "content": answer.format(shard * 10 + row)},
                ]
            }
            for row in range(10)
        ]
        name = folder / f"train-{shard:05d}-of-{shards:05d}.parquet"
        pq.write_table(pa.Table.from_pylist(rows), name)
    return folder


def _reasoned(folder: Path) -> Path:
    """Rows that are answered with reasoning, as `shoptune data build` writes them with a teacher's rationales."""
    folder.mkdir()
    track, metric = Track.REASONING, Metric.ACCURACY
    question = Question("How many?\n0. 12\n1. 24\nAnswer: ", 1, TaskType.MULTIPLE_CHOICE, "count", metric, True, track)
    rows = [Row(question, "teacher", "en", target=f"{reason}|1") for reason in ("Two dozen are 24", "2 x 12 = 24")]
    assert [row["messages"][-1]["content"] for row in to_table(rows).to_pylist()] == [row.target for row in rows]
    pq.write_table(to_table(rows), folder / "train-00000-of-00001.parquet")
    return folder


def test_rows_of_all_shards_are_tokenized_with_the_real_tokenizer(real_qwen2_tokenizer: Path, tmp_path: Path) -> None:
    settings = [f"tokenizer_config={real_qwen2_tokenizer}", f"datasets.0.path={_rows(tmp_path / 'rows', 5)}"]
    empty, silent = _rows(tmp_path / "empty", 1, answer=" "), "datasets.0.train_on_eos=none"
    v8 = "training_configs/v8.yaml"
    reasoned = _reasoned(tmp_path / "reasoned")
    good, blank, endless, prompt, short, thought = _check(
        (v8, "", *settings),
        (v8, "", settings[0], f"datasets.0.path={empty}"),
        (v8, "", *settings, silent),
        (v8, "", *settings, "datasets.0.roles_to_train=[assistant,user]"),
        (v8, "", *settings, "sequence_len=20"),
        (v8, "", settings[0], f"datasets.0.path={reasoned}"),
    )
    assert good["unchecked"] == good["problems"] == []
    assert (
        "datasets[0]: 50 rows train their answer and the end-of-turn token, and nothing of the prompt" in good["notes"]
    )
    assert any("not the answer" in problem for problem in blank["problems"]), blank
    assert any("end-of-turn token <|im_end|> is not trained" in problem for problem in endless["problems"])
    assert any("what is trained is not the answer" in problem for problem in prompt["problems"])
    # The check compares the trained tokens with the whole turn: with the reasoning, not only the number at its end.
    assert thought["problems"] == []
    assert "datasets[0]: 2 rows train their answer and the end-of-turn token, and nothing of" in str(thought["notes"])
    (none_left,) = short["problems"]
    assert "datasets[0]: all of the first 50 rows are longer than sequence_len: 20 tokens; raise" in none_left


def test_tokens_that_the_base_lacks_are_refused(tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    Checkpoint(ROOT / "examples" / "tiny_base").copy_side_files(base, but=["config.json"])
    config = json.loads((ROOT / "examples" / "tiny_base" / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"vocab_size": 2973, "eos_token_id": 2972}))
    rows = _rows(tmp_path / "rows", 1)
    overrides = [f"base_model={base}", f"datasets.0.path={rows}", "datasets.0.data_files=train-*.parquet"]
    (report,) = _check(("training_configs/demo-a.yaml", "cpu", *overrides))
    (problem,) = report["problems"]
    assert "tokens, and the base 2973; an adapter of the resized base cannot be merged" in problem


def test_an_empty_set_of_rows(real_qwen2_tokenizer: Path, tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    schema = pq.read_schema(next(_rows(tmp_path / "other", 1).iterdir()))
    pq.write_table(schema.empty_table(), folder / "train-00000-of-00001.parquet")
    overrides = [f"tokenizer_config={real_qwen2_tokenizer}", f"datasets.0.path={folder}"]
    (report,) = _check(("training_configs/v8.yaml", "", *overrides))
    (problem,) = report["problems"]
    assert "contains no rows; build the rows: shoptune data build" in problem


def test_wrong_turns(tiny_base: Path, tmp_path: Path) -> None:
    """A base that is none, settings of other machines, values of another type: one line each."""
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_config.json").write_text("{}")
    shutil.copytree(tiny_base, tmp_path / "mute", ignore=shutil.ignore_patterns("*token*", "vocab*", "merges*"))
    rows = f"datasets.0.path={_rows(tmp_path / 'rows', 1)}"
    demo, base = "training_configs/demo-a.yaml", f"base_model={tiny_base}"
    zero2 = "deepspeed=training_configs/deepspeed/zero2.json"
    cases: dict[tuple[str, ...], list[str]] = {
        (demo, "", rows, f"base_model={tmp_path / 'adapter'}"): ["adapter: is an adapter, not a checkpoint; "],
        (demo, "", rows, f"base_model={tmp_path / 'mute'}"): ["mute: has no tokenizer; "],
        (demo, "", rows, base, "micro_batch_size=many", "learning_rate=fast"): [
            "demo-a.yaml: micro_batch_size: Input should be a valid integer",
            "demo-a.yaml: learning_rate: could not convert string to float: 'fast'",
        ],
        (demo, "", rows, base, "lora_qkv_kernel=null"): ["demo-a.yaml: lora_qkv_kernel: the fused kernels run on"],
        (demo, "", rows, base, zero2): ["demo-a.yaml: deepspeed: needs GPUs; "],
        (demo, "a100x1", rows, base, zero2): ["demo-a.yaml: deepspeed: DeepSpeed splits work between"],
        (demo, "", rows, base, "lora_target_modules=[nope]"): [
            "demo-a.yaml: lora_target_modules: the model has no layer"
        ],
    }
    for report, (case, expected) in zip(_check(*cases), cases.items(), strict=True):
        for beginning in expected:
            assert any(beginning in problem for problem in report["problems"]), (case, report)
    offline = "datasets=[{path: org/rows, type: chat_template}]"
    (report,) = _check((demo, "", base, offline))
    assert report["problems"] == []
    assert report["unchecked"] == ["rows: 'org/rows' is not on this machine"]


def test_the_command_prints_what_it_found() -> None:
    output = run_shoptune("train", "training_configs/v9b.yaml", "--check")
    assert "checked: attention flex_attention on a100x8: sdpa with packed rows" in output
    assert "unchecked: rows: no such file or folder 'runs/kdd24/data/v9b'" in output
    assert "train: training_configs/v9b.yaml: no problems found" in output

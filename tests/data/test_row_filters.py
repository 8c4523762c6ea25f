"""A build counts what each filter of rows drops, and each is off by one key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from shoptune.data.filters.reasons import BY_KEY
from shoptune.data.listing import print_stats
from shoptune.data.stage import DATA, Arguments, load
from shoptune.data.write.shortfalls import shortfall_lines
from shoptune.stage import run

RECIPE = """\
source: tables
tables: {notes: notes.jsonl}
tasks:
  - &task
    name: note_topic
    kind: generation
    metric: rougel
    track: understanding-shopping-concepts
    like: none
    records: SELECT key, note, topic AS answer FROM notes
    prompts: ["What is this note of a customer about?\\nNote: {{ note }}\\nOutput: "]
  - <<: *task
    name: note_subject
    prompts: ["Name the subject that the customer writes about in these lines: {{ note }}\\nOutput: "]
"""
NOTES = {
    "fine": "The kettle boils quickly and the handle stays cool, so that my mother likes it a lot",
    "spanish": "Muy bonito como lo quería, muy contenta con mi anillo, igual a la foto y llegó rápido",
    "email": "Please write to jane.doe@gmail.com about the lamp that arrived without its power supply",
    "phone": "The number on the box of the blender, (212) 736-5000, is that of a person who lives there",
    "order": "My order 112-7654321-1234567 of twelve brass hinges has not arrived in these three weeks",
    "rude": "What a piece of shit: the zipper of this tent broke on the first evening in the woods",
    "signs": "~~~ *** !!! @@@ ### $$$ %%% ^^^ &&& ((( ))) --- the umbrella --- +++ === ~~~ *** !!!",
}
OFF = {
    "language_threshold": "null",
    "drop_personal_data": "false",
    "drop_profanity": "false",
    "max_special_characters": "null",
}


@pytest.fixture
def mixture(tmp_path: Path) -> Path:
    lines = [json.dumps({"key": key, "note": note, "topic": f"topic of {key}"}) for key, note in NOTES.items()]
    (tmp_path / "notes.jsonl").write_text("\n".join(lines))
    (tmp_path / "notes.yaml").write_text(RECIPE)
    file = tmp_path / "mixture.yaml"
    file.write_text("tasks: {note_topic: 7, note_subject: 7}\nwhen_short: shrink\nmax_rejected: 1.0\nworkers: 1\n")
    return file


def _build(mixture: Path, out: Path, *changes: str) -> tuple[set[tuple[str, str]], dict[str, Any]]:
    """The task and answer of each row, and the statistics."""
    run(DATA, load(Arguments(mixture, overrides=changes)), out)
    rows = [row for file in out.glob("train-*.parquet") for row in pq.read_table(file).to_pylist()]
    stats: dict[str, Any] = json.loads((out / "stats.json").read_text())
    return {(row["task_name"], row["output_field"].removeprefix("topic of ")) for row in rows}, stats


def test_each_filter_is_counted(mixture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows, stats = _build(mixture, tmp_path / "out")
    assert rows == {("note_topic", "fine")}
    assert stats["filters"] == {
        "language_threshold": 2,  # in either task
        "drop_personal_data": 6,
        "drop_profanity": 2,
        "max_special_characters": 2,
        "near_duplicates": 0,
        "near_duplicates_across_tasks": 1,
        "decontaminate_against": None,  # no questions are named
        "limit_word_overlap": 0,
    }
    assert sum(count for count in stats["filters"].values() if count) == 13
    assert stats["shortfalls"] == {
        "note_topic": {"wanted": 7, "made": 1},
        "note_subject": {"wanted": 7, "made": 0},
    }
    printed = capsys.readouterr().err
    assert "data: WARNING: 2 of 2 tasks have less than 90% of the rows wanted:" in printed
    assert [line.split() for line in printed.splitlines() if line.startswith("  note")] == [
        ["note_subject", "7", "0", "NONE"],
        ["note_topic", "7", "1", "14%"],
    ]
    print_stats(tmp_path / "out")
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["drop_personal_data", "6"] in printed
    assert ["decontaminate_against", "off"] in printed
    assert ["note_subject", "7", "0", "NONE"] in printed
    report = (tmp_path / "out" / "report.html").read_text()
    assert '<td>drop_personal_data</td><td class="n">6</td>' in report
    assert '<td>note_subject</td><td class="n">7</td><td class="n">none</td>' in report


def test_without_filters_every_row_is_kept(mixture: Path, tmp_path: Path) -> None:
    everything = [f"{each}={value}" for each, value in OFF.items()]
    rows, _ = _build(mixture, tmp_path / "all", *everything, "near_duplicates_across_tasks=null")
    assert rows == {(task, note) for task in ("note_topic", "note_subject") for note in NOTES}


@pytest.mark.parametrize("key", OFF)
def test_each_filter_is_off_by_one_key(mixture: Path, tmp_path: Path, key: str) -> None:
    rows, stats = _build(mixture, tmp_path / "one", f"{key}={OFF[key]}", "near_duplicates_across_tasks=null")
    kept = {note for _, note in rows} - {"fine"}
    assert (
        kept
        == {
            "language_threshold": {"spanish"},
            "drop_personal_data": {"email", "phone", "order"},
            "drop_profanity": {"rude"},
            "max_special_characters": {"signs"},
        }[key]
    )
    assert stats["filters"][key] is None


def test_every_key_is_one_of_a_mixture(mixture: Path) -> None:
    fields = type(load(Arguments(mixture)).plan.mixture).model_fields
    assert set(BY_KEY) <= set(fields)


def test_enough_rows_are_no_shortfall(mixture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, stats = _build(mixture, tmp_path / "out", "tasks={note_topic: 1}")
    assert stats["shortfalls"] == {}
    assert "WARNING" not in capsys.readouterr().err
    assert list(shortfall_lines({}, 1)) == []


def test_a_task_without_its_source_is_a_shortfall(mixture: Path, tmp_path: Path) -> None:
    recipe = RECIPE.split("  - <<", maxsplit=1)[0].replace(
        "source: tables\ntables: {notes: notes.jsonl}", "source: esci"
    )
    (tmp_path / "esci.yaml").write_text(recipe.replace("note_topic", "query"))
    (tmp_path / "raw").mkdir()
    run(DATA, load(Arguments(mixture, tmp_path / "raw", ["tasks={note_topic: 1, query: 40}"])), tmp_path / "out")
    stats = json.loads((tmp_path / "out" / "stats.json").read_text())
    assert stats["shortfalls"] == {"query": {"wanted": 40, "made": 0}}

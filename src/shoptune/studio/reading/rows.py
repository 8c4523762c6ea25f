"""The rows of a mixture: pages of them, single rows as they are trained on, and what was dropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shoptune.checkpoints.checkpoint import read_json
from shoptune.data.write.files import REJECTS, STATS
from shoptune.data.write.report import Sample, as_trained
from shoptune.errors import ShoptuneError
from shoptune.shopbench.chat_template import render
from shoptune.studio.run_folder import Artifact, RunFolder
from shoptune.studio.tables import Condition, Table, TablePage

SPLITS = ("train", "validation")
FILTERS = ("task_name", "source", "language")
PAGE_ROWS, PAGE_SAMPLES = 25, 10
_SHOWN_CHARACTERS = 240
_COLUMNS = f"""
    row_id, task_name, source, language, length(input_field) AS characters,
    left(input_field, {_SHOWN_CHARACTERS})
        || if(characters > {_SHOWN_CHARACTERS}, '…', '') AS question, left(output_field, 80) AS answer
"""
_TOKENIZER = "tokenizer.json"


@dataclass(frozen=True)
class RowFilter:
    """Which rows to show; empty texts and zeros mean all.

    Attributes:
        split: `train` or `validation`.
        values: the value of each column in `FILTERS` that is filtered.
        shortest: the least length of a question, in characters.
        longest: the greatest length of a question, in characters.
        text: part of the question or the answer, in upper or lower case.
    """

    split: str = ""
    values: Mapping[str, str] | None = None
    shortest: int = 0
    longest: int = 0
    text: str = ""

    def conditions(self) -> list[Condition]:
        """Return the filter as conditions."""
        found = [Condition(f"{name} = ?", (value,)) for name, value in (self.values or {}).items() if value]
        if self.split:
            found.append(Condition("starts_with(parse_filename(filename), ?)", (f"{self.split}-",)))
        if self.shortest:
            found.append(Condition("length(input_field) >= ?", (self.shortest,)))
        if self.longest:
            found.append(Condition("length(input_field) <= ?", (self.longest,)))
        if self.text:
            sql = "contains(lower(input_field), lower(?)) OR contains(lower(output_field), lower(?))"
            found.append(Condition(sql, (self.text, self.text)))
        return found


@dataclass(frozen=True)
class TrainedRow:
    """A row as the model sees it.

    Attributes:
        fields: the row's columns.
        sample: its masked part and the part that is trained on.
        tokenizer: the artifact whose tokenizer and chat template were used, or an empty text.
        masked_tokens: the number of tokens of the masked part, or None without a tokenizer.
        trained_tokens: the texts of the tokens that are trained on; empty without a tokenizer.
    """

    fields: Mapping[str, Any]
    sample: Sample
    tokenizer: str = ""
    masked_tokens: int | None = None
    trained_tokens: tuple[str, ...] = ()


def rows_table(run: RunFolder, artifact: Artifact) -> Table | None:
    """Return the rows of a build; None if it has none."""
    names = sorted(name for name in artifact.manifest["outputs"] if name.endswith(".parquet") and "/" not in name)
    files = [run.file(artifact, name) for name in names if name.startswith(SPLITS)]
    return Table(tuple(files)) if files else None


def page_of_rows(table: Table, chosen: RowFilter, number: int) -> TablePage:
    """Return a page of the rows; the first one has the number 1."""
    offset = (number - 1) * PAGE_ROWS
    return table.page(_COLUMNS, chosen.conditions(), "filename, file_row_number", offset=offset, limit=PAGE_ROWS)


def choices(table: Table) -> dict[str, dict[str, int]]:
    """Return the values of each column in `FILTERS`, with their numbers of rows."""
    return {name: table.counts(name) for name in FILTERS}


def trained_row(run: RunFolder, table: Table, row_id: str) -> TrainedRow | None:
    """Return a row as the model sees it; None if no row has the id."""
    query = f"SELECT *, parse_filename(filename) AS file FROM {table.source} WHERE row_id = ? LIMIT 1"
    found = table.rows(query, [row_id])
    if not found:
        return None
    fields = found[0]
    for artifact in [*run.of_stage("train"), *run.of_stage("merge")]:
        if run.has(artifact, _TOKENIZER):
            try:
                return _tokenized(run, artifact, fields)
            except ShoptuneError:  # no chat template, or one that refuses the messages
                continue
    return TrainedRow(fields, as_trained(fields["messages"]))


def _tokenized(run: RunFolder, artifact: Artifact, fields: Mapping[str, Any]) -> TrainedRow:
    """Render and tokenize a row with an artifact's chat template and tokenizer.

    The loss is computed on the answer and the token that ends it, but not on the template's line break after it.
    """
    from tokenizers import Tokenizer

    messages = fields["messages"]
    masked = render(messages[:-1], artifact.path)
    answer = render(messages, artifact.path).removeprefix(masked)
    trained = answer.rstrip("\n") if not messages[-1]["content"].endswith("\n") else answer
    tokenizer = Tokenizer.from_file(str(run.file(artifact, _TOKENIZER)))
    asked = tokenizer.encode(masked, add_special_tokens=False)
    answered = tokenizer.encode(trained, add_special_tokens=False)
    pieces = tuple(trained[start:end] for start, end in answered.offsets)
    return TrainedRow(fields, Sample(masked, trained), artifact.name, len(asked.ids), pieces)


def statistics_of(run: RunFolder, artifact: Artifact) -> Mapping[str, Any]:
    """Return the statistics of a build; empty if it has none."""
    return read_json(run.file(artifact, STATS)) if run.has(artifact, STATS) else {}


def drops_of(statistics: Mapping[str, Any]) -> list[tuple[str, str, str, int]]:
    """Return source, task, reason and number of the dropped records, the most frequent first."""
    found = [
        (source, task, reason, int(count))
        for source, tasks in statistics.get("drops", {}).items()
        for task, reasons in tasks.items()
        for reason, count in reasons.items()
    ]
    return sorted(found, key=lambda each: (-each[3], each[:3]))


def dropped_samples(run: RunFolder, artifact: Artifact, task: str, number: int) -> TablePage:
    """Return a page of the samples of dropped records of a task, or of all tasks."""
    if not run.has(artifact, REJECTS) or not run.file(artifact, REJECTS).stat().st_size:
        return TablePage([], 0)
    table = Table((run.file(artifact, REJECTS),))
    conditions = [Condition("task = ?", (task,))] if task else []
    return table.page("*", conditions, offset=(number - 1) * PAGE_SAMPLES, limit=PAGE_SAMPLES)


def baselines(statistics: Mapping[str, Any], artifact: Artifact, scores: Mapping[str, Any]) -> list[list[str]]:
    """Return, per task, its rows, the score of guessing by shared words, and the base's score.

    The base is scored on questions, whose tasks differ from those of rows; a recipe's `like` names the task of the
    questions that its rows resemble.

    Args:
        statistics: of the build.
        artifact: the build, whose manifest has the recipes.
        scores: scores.json of the base, or empty.
    """
    recipes = artifact.manifest["config"].get("recipes", {})
    by_task = scores.get("by_task", {})
    found = []
    for task, counts in statistics.get("by_task", {}).items():
        like = str(recipes.get(task, {}).get("like") or "")
        guess, base = statistics.get("word_overlap", {}).get(task), by_task.get(like, {}).get("score")
        found.append([task, f"{counts['made']:,}", _score(guess), like, _score(base)])
    return found


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"

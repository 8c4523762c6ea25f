"""The columns of the table of answers: questions, and each model's scores, predictions and raw outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.questions import Question
from shoptune.studio.reading.scored import (
    Entry,
    Key,
    Model,
    read_entries,
    read_predictions,
    read_questions,
    read_raw,
)
from shoptune.studio.run_folder import RunFolder

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_MEMORY = "1GB"
_THREADS = 2


def answers_table(run: RunFolder, models: Sequence[Model]) -> duckdb.DuckDBPyConnection:
    """Return a database in memory with the table `answers`, which has a row per question that a model was scored on.

    Its columns are `id` (the order), `key`, `text`, `task_type`, `task`, `track`, `reference` and `choice` (whether the
    question is multiple-choice); and for the model with number N: `nN` (the position in its scores), `sN` (the score),
    `fN` (whether the answer is unreadable), `pN` (the prediction) and `wN` (the raw output).

    Raises:
        ShoptuneError: a file is missing or malformed.
    """
    import duckdb

    database = duckdb.connect(config={"memory_limit": _MEMORY, "threads": _THREADS})
    database.register("loaded", _table(run, models))
    database.execute("CREATE TABLE answers AS SELECT * FROM loaded")
    database.unregister("loaded")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    return database


def _table(run: RunFolder, models: Sequence[Model]) -> pa.Table:
    import pyarrow as pa

    scores = [read_entries(run, model) for model in models]
    entries = [{entry.key: (number, entry) for number, entry in enumerate(scored)} for scored in scores]
    firsts: dict[Key, Entry] = {key: entry for scored in reversed(entries) for key, (_, entry) in scored.items()}
    keys = list(dict.fromkeys(key for scored in entries for key in scored))
    questions: dict[Key, Question] = {}
    for model in _with_different_questions(models):
        questions = read_questions(run, model) | questions
    columns: dict[str, Any] = {}
    texts = {key: question.input_field for key, question in questions.items()}
    for number, (model, scored) in enumerate(zip(models, entries, strict=True)):
        predictions, raw = read_predictions(run, model), read_raw(run, model)
        texts |= {key: text for key, (text, _) in predictions.items()}
        columns |= {
            f"n{number}": pa.array([scored[key][0] if key in scored else None for key in keys], pa.int64()),
            f"s{number}": pa.array([scored[key][1].score if key in scored else None for key in keys], pa.float64()),
            f"f{number}": pa.array([key in scored and scored[key][1].parse_failure for key in keys], pa.bool_()),
            f"p{number}": pa.array([predictions[key][1] if key in predictions else None for key in keys], pa.string()),
            f"w{number}": pa.array([raw[key][1] if key in raw else None for key in keys], pa.string()),
        }
    return pa.table(_of_questions(keys, firsts, questions, texts) | columns)


def _with_different_questions(models: Sequence[Model]) -> list[Model]:
    """Return a model for each file of questions, so that a file that all models answered is read once."""
    by_digest = {model.scores.manifest.get("inputs", {}).get("questions", {}).get("sha256"): model for model in models}
    return list(by_digest.values())


def _of_questions(
    keys: Sequence[Key], entries: Mapping[Key, Entry], questions: Mapping[Key, Question], texts: Mapping[Key, str]
) -> dict[str, Any]:
    import pyarrow as pa

    found = [questions.get(key) for key in keys]
    references = [question and answer_text(question.task_type, question.output_field) for question in found]
    return {
        "id": pa.array(range(len(keys)), pa.int64()),
        "key": pa.array([f"{value}.{number}" for value, number in keys], pa.string()),
        "text": pa.array([texts.get(key) for key in keys], pa.string()),
        "task_type": pa.array([entries[key].task_type for key in keys], pa.string()),
        "task": pa.array([entries[key].task_name for key in keys], pa.string()),
        "track": pa.array([entries[key].track for key in keys], pa.string()),
        "reference": pa.array(references, pa.string()),
        "choice": pa.array([question and question.is_multiple_choice for question in found], pa.bool_()),
    }

"""The answers of all scored models in one DuckDB table, from which the page reads what it shows."""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shoptune.report.collect import Difference
from shoptune.shopbench.summary import paired_difference
from shoptune.studio.reading.answers_selection import AnswersSelection, Order, Outcome
from shoptune.studio.reading.answers_table import answers_table
from shoptune.studio.reading.scored import Model, scored_models
from shoptune.studio.run_folder import RunFolder

# Columns to filter by: the parameter of the address, and the column.
GROUPS: Mapping[str, str] = {"task_types": "task_type", "tracks": "track", "tasks": "task"}
_EQUAL = 1e-9  # scores that differ by less are tied
_ROWS_FETCHED = 500
_COMPARISONS_KEPT, _INTERVALS_KEPT = 2, 512


@dataclass(frozen=True)
class Answer:
    """One model's answer to a question; the score is None if the model was not scored on it."""

    prediction: str | None
    raw: str | None
    score: float | None
    parse_failure: bool


@dataclass(frozen=True)
class Row:
    """A question with the answers of the selected models, by name, the baseline first.

    `text` and `reference` are None if their files were moved or have changed since the evaluation.
    """

    key: str
    text: str | None
    task_type: str
    task: str
    track: str
    reference: str | None
    is_multiple_choice: bool | None
    answers: Mapping[str, Answer]

    def difference(self, model: str, baseline: str) -> float | None:
        """The difference between two models' scores; None if one of them was not scored."""
        first, second = self.answers[model].score, self.answers[baseline].score
        return None if first is None or second is None else first - second


@dataclass(frozen=True)
class Versus:
    """A model and the baseline on some questions.

    Attributes:
        wins: the number of questions on which the model has the higher score.
        losses: the number on which it has the lower score.
        ties: the number of equal scores.
        difference: the mean difference with its interval, or None without questions.
    """

    wins: int
    losses: int
    ties: int
    difference: Difference | None


class Comparison:
    """The table. Threads may share it.

    Args:
        run: the run's folder.
        models: the scored models.

    Raises:
        ShoptuneError: a file is missing or malformed.
    """

    def __init__(self, run: RunFolder, models: Sequence[Model]) -> None:
        self.models: dict[str, Model] = {model.name: model for model in models}
        self._numbers = {name: number for number, name in enumerate(self.models)}
        self._database = answers_table(run, models)
        self._versus = functools.lru_cache(maxsize=_INTERVALS_KEPT)(self._compared)
        self.groups = {name: self._counts(column) for name, column in GROUPS.items()}

    def total(self, selection: AnswersSelection) -> int:
        """Count the selected questions."""
        where, values = self._where(selection)
        return int(self._fetch(f"SELECT count(*) FROM answers {where}", values)[0][0])

    def page(self, selection: AnswersSelection, offset: int, limit: int) -> list[Row]:
        """Return some of the selected questions, in the selection's order."""
        return list(itertools.islice(self._rows(selection, f"LIMIT {limit:d} OFFSET {offset:d}"), limit))

    def all_rows(self, selection: AnswersSelection) -> Iterator[Row]:
        """Return all selected questions, in the selection's order, without holding them in memory."""
        return self._rows(selection)

    def row(self, key: str, selection: AnswersSelection) -> Row | None:
        """Return the question with a key, whether it is selected or not; None if there is none."""
        query = f"SELECT {self._names(selection)} FROM answers WHERE key = ?"
        return next((self._row(values, selection) for values in self._fetch(query, [key])), None)

    def versus(self, model: str, selection: AnswersSelection) -> Versus:
        """Compare a model with the baseline on the selected questions that both were scored on."""
        return self._versus(model, selection)

    def by_group(self, selection: AnswersSelection, parameter: str) -> dict[str, Versus]:
        """Compare the first model with the baseline, separately for each task type, track or task."""
        where, values = self._where(selection)
        found = self._fetch(f"SELECT DISTINCT {GROUPS[parameter]} FROM answers {where} ORDER BY 1", values)
        only: dict[str, Any] = {str(value): {parameter: (str(value),)} for (value,) in found}
        return {value: self.versus(selection.models[0], replace(selection, **own)) for value, own in only.items()}

    def scores(self, model: str, selection: AnswersSelection) -> tuple[list[float], list[float]]:
        """Return the scores of a model and of the baseline, in the order in which the report resamples them."""
        first, second = (self._numbers[name] for name in (model, selection.baseline))
        where, values = self._where(selection)
        both = f"s{first} IS NOT NULL AND s{second} IS NOT NULL"
        found = self._fetch(f"SELECT s{first}, s{second} FROM answers {where} AND {both} ORDER BY n{first}", values)
        return [score for score, _ in found], [score for _, score in found]

    def _compared(self, model: str, selection: AnswersSelection) -> Versus:
        scores, baseline = self.scores(model, selection)
        if not scores:
            return Versus(0, 0, 0, None)
        differences = [first - second for first, second in zip(scores, baseline, strict=True)]
        wins = sum(difference > _EQUAL for difference in differences)
        losses = sum(difference < -_EQUAL for difference in differences)
        interval = Difference(*paired_difference(scores, baseline), questions=len(scores))
        return Versus(wins, losses, len(scores) - wins - losses, interval)

    def _counts(self, column: str) -> dict[str, int]:
        return dict(self._fetch(f"SELECT {column}, count(*) FROM answers GROUP BY 1 ORDER BY 1", []))

    def _fetch(self, query: str, values: Sequence[object]) -> list[Any]:
        with self._database.cursor() as cursor:
            return cursor.execute(query, values).fetchall()

    def _rows(self, selection: AnswersSelection, limit: str = "") -> Iterator[Row]:
        where, values = self._where(selection)
        difference = self._difference(selection)
        order = {
            Order.WORST: f"{difference} NULLS LAST, id",
            Order.BEST: f"{difference} DESC NULLS LAST, id",
        }.get(Order(selection.order), "id")
        query = f"SELECT {self._names(selection)} FROM answers {where} ORDER BY {order} {limit}"
        with self._database.cursor() as cursor:
            cursor.execute(query, values)
            while rows := cursor.fetchmany(_ROWS_FETCHED):
                for row in rows:
                    yield self._row(row, selection)

    def _names(self, selection: AnswersSelection) -> str:
        own = "".join(f", p{n}, w{n}, s{n}, f{n}" for n in (self._numbers[name] for name in selection.shown))
        return f"key, text, task_type, task, track, reference, choice{own}"

    def _row(self, values: Sequence[Any], selection: AnswersSelection) -> Row:
        fields, rest = values[:7], values[7:]
        answers = {name: Answer(*rest[4 * n : 4 * n + 4]) for n, name in enumerate(selection.shown)}
        return Row(*[*fields, answers])

    def _difference(self, selection: AnswersSelection) -> str:
        return f"(s{self._numbers[selection.models[0]]} - s{self._numbers[selection.baseline]})"

    def _where(self, selection: AnswersSelection) -> tuple[str, list[object]]:
        """The WHERE clause of a selection; all that comes from the address is a value, not SQL."""
        scored = [f"s{self._numbers[name]} IS NOT NULL" for name in selection.shown]
        conditions, values = [f"({' OR '.join(scored)})"], list[object]()
        for parameter, column in GROUPS.items():
            if chosen := getattr(selection, parameter):
                conditions.append(f"{column} IN ({', '.join('?' * len(chosen))})")
                values += chosen
        if selection.outcome:
            difference = self._difference(selection)
            conditions.append(
                {
                    Outcome.WON: f"{difference} > {_EQUAL}",
                    Outcome.LOST: f"{difference} < -{_EQUAL}",
                    Outcome.TIED: f"abs({difference}) <= {_EQUAL}",
                }[Outcome(selection.outcome)]
            )
        if selection.text:
            searched = ["text", "reference"]
            for number in (self._numbers[name] for name in selection.shown):
                searched += [f"p{number}", f"w{number}"]
            conditions.append("(" + " OR ".join(f"contains(lower({name}), lower(?))" for name in searched) + ")")
            values += [selection.text] * len(searched)
        return "WHERE " + " AND ".join(conditions), values


_lock = threading.Lock()
_kept: dict[tuple[str, ...], Comparison] = {}


def comparison_of(run: RunFolder) -> Comparison:
    """Return the answers of a run's scored models. They are read once, and again when a model was scored since.

    Raises:
        ShoptuneError: a file is missing or malformed.
    """
    models = scored_models(run)
    identity = tuple(model.identity for model in models)
    with _lock:
        if identity not in _kept:
            made = Comparison(run, models)
            while len(_kept) >= _COMPARISONS_KEPT:
                del _kept[next(iter(_kept))]
            _kept[identity] = made
        return _kept[identity]

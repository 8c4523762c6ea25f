"""The benchmark's names are in its order, and each has a file."""

from __future__ import annotations

from shoptune.shopbench.metrics import METRICS_OF, SCORERS
from shoptune.shopbench.task_types import DEFINITIONS
from shoptune.shopbench.vocabulary import Metric, TaskType


def test_the_benchmarks_names_come_in_their_order() -> None:
    assert [task_type.value for task_type in TaskType] == [
        *("multiple-choice", "retrieval", "ranking", "named_entity_recognition", "generation")
    ]
    assert list(DEFINITIONS) == list(TaskType)


def test_every_metric_is_in_a_file_and_fits_one_task_type() -> None:
    assert SCORERS.keys() == set(Metric)
    fitting = [metric for metrics in METRICS_OF.values() for metric in metrics]
    assert sorted(fitting) == sorted(Metric)

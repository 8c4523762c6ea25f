"""The card of a data set: README.md with the Hub's metadata in front."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from shoptune.export.hub.sources import UNKNOWN, origin_of
from shoptune.export.hub.training_data import Rows, data_table
from shoptune.export.lineage import Step

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10**7, "1M<n<10M"))
_LARGEST = "n>10M"
_NO_LANGUAGE = {"", "xx", "und", "none", "None"}


def dataset_card(
    name: str, license_name: str, stats: Mapping[str, Any], rows: Sequence[Rows], steps: Sequence[Step]
) -> str:
    """Return the text of README.md.

    Args:
        name: the data set's name on the Hub.
        license_name: its licence as an identifier of the Hub.
        stats: the content of stats.json.
        rows: its rows by source.
        steps: its lineage.
    """
    lines = [
        *["---", yaml.safe_dump(_metadata(license_name, stats), sort_keys=False, allow_unicode=True).rstrip(), "---"],
        *["", f"# {name.rpartition('/')[2]}", ""],
        f"{stats['rows']} questions about online shopping with their answers, in the format of ShopBench",
        "(Amazon KDD Cup 2024), made from public data with shoptune. Each row has the question (`input_field`), the",
        "reference (`output_field`), its task and metric, and the chat to train on (`messages`).",
        *["", "## Sources and licences", ""],
        "Licences as their publishers state them. The rows are derived from these data: check before you share them.",
        *["", *data_table(rows), "", *_written_with_a_model(stats)],
        *["## Tasks", "", *_tasks(stats), ""],
        *["## How it was made", "", *_making(stats, steps), "", "## Intended use and limits", "", *_LIMITS],
    ]
    return "\n".join(lines) + "\n"


def strictest_note(rows: Sequence[Rows]) -> str | None:
    """Return a warning if the licence of a source is unknown or forbids commercial use, else None."""
    doubtful = sorted({origin.title for entry in rows if _is_doubtful((origin := origin_of(entry.source)).license)})
    return f"licences to check before you upload: {', '.join(doubtful)}" if doubtful else None


def _is_doubtful(license_name: str) -> bool:
    return license_name == UNKNOWN or "-nc" in license_name


def _metadata(license_name: str, stats: Mapping[str, Any]) -> dict[str, Any]:
    splits = [split for split, count in stats["by_split"].items() if count]
    size = next((name for limit, name in _SIZES if stats["rows"] < limit), _LARGEST)
    return {
        "license": license_name,
        "language": [code for code in stats.get("by_language", {}) if code not in _NO_LANGUAGE],
        "task_categories": ["question-answering", "text-generation"],
        "size_categories": [size],
        "tags": ["shopping", "shopbench", "shoptune"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"{split}-*.parquet"} for split in splits],
            }
        ],
    }


def _tasks(stats: Mapping[str, Any]) -> Iterator[str]:
    splits = ", ".join(f"{count} {split}" for split, count in stats["by_split"].items() if count)
    yield f"Rows by split: {splits}."
    yield ""
    yield "| task | rows |"
    yield "|---|---:|"
    yield from (f"| {name} | {counts['made']} |" for name, counts in stats["by_task"].items())


def _written_with_a_model(stats: Mapping[str, Any]) -> Iterator[str]:
    """Yield the section on rows that a teacher's answers went into; nothing if there are none."""
    if not (teacher := stats.get("teacher")):
        return
    yield "## Rows written with a model"
    yield ""
    share = f"{teacher['rows']} of {stats['rows']} rows ({teacher['share']:.1%})"
    yield f"Answers of a language model went into {share}: as reasoning, explanations, phrasings,"
    yield "or facts such as a product's type. In these rows, `teacher_model` names the model, `prompt_version` the"
    yield "prompt, and `answer_digest` the answer; they are null in all others. The licence terms are those that were"
    yield "stated when the model was asked. Check them before you train on the rows or share them."
    yield ""
    yield "| table | model | prompt | rows | licence terms |"
    yield "|---|---|---|---:|---|"
    for table in teacher["tables"]:
        licence = " ".join(table["licence"].split()).replace("|", "\\|") or UNKNOWN
        for answers in table["answers"]:
            model, version = answers["teacher_model"], answers["prompt_version"]
            yield f"| {table['name']} | {model} | {version} | {answers['rows']} | {licence} |"
    yield ""


def _making(stats: Mapping[str, Any], steps: Sequence[Step]) -> Iterator[str]:
    yield "With `shoptune data build`, from the files with these digests (SHA-256). The same files give the same rows."
    yield ""
    yield "| input | digest |"
    yield "|---|---|"
    yield from (f"| {step.name} | `{step.sha256[:16]}` |" for step in steps[1:])
    dropped = {reason: sum(counts.values()) for reason, counts in _reasons(stats).items()}
    if dropped:
        yield ""
        yield "Records that were dropped: " + ", ".join(f"{count} {reason}" for reason, count in dropped.items()) + "."


def _reasons(stats: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Return the drops by reason, from those by source."""
    reasons: dict[str, dict[str, int]] = {}
    for source, drops in stats.get("drops", {}).items():
        for reason, count in drops.items():
            if isinstance(count, int):
                reasons.setdefault(reason, {})[source] = count
    return reasons


_LIMITS = (
    "For fine-tuning and evaluating language models for shopping. The texts come from product pages, searches and",
    "reviews: they contain errors, advertising and opinions, and may contain names. References are derived by rules",
    "from labels and fields of the sources, and are not checked by hand. Questions of public test splits and of the",
    "benchmark's development set are left out if the mixture says so; see `manifest.json`.",
)

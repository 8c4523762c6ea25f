"""One question: what the models were asked, what they wrote, the reference, and the scores."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from shoptune.infer.prompt import Prompt
from shoptune.studio.reading.answers import Answer, Row
from shoptune.studio.reading.asking import AskedHow, asked_how, way_of
from shoptune.studio.reading.scored import Model
from shoptune.studio.run_folder import RunFolder
from shoptune.studio.theme import quiet

_MISSING = "not available: the file was moved or has changed since the evaluation"


def asked_by_models(run: RunFolder, row: Row, models: Sequence[Model]) -> list[tuple[list[str], AskedHow]]:
    """Return how a question was asked, with the names of the models that were asked in that way.

    Raises:
        ShoptuneError: a file of few-shot examples is malformed.
    """
    found: list[tuple[list[str], AskedHow]] = []
    if row.text is None:
        return found
    prompt = Prompt(row.text, bool(row.is_multiple_choice))
    for model in models:
        way = way_of(run, model.answers) if model.answers else None
        if way is None:
            continue
        asked = asked_how(prompt, way)
        same = next((names for names, other in found if other == asked), None)
        if same is None:
            found.append(([model.name], asked))
        else:
            same.append(model.name)
    return found


def show_row(row: Row, asked: Sequence[tuple[list[str], AskedHow]]) -> None:
    """Add everything that is known about a question."""
    _fact("Reference", row.reference if row.reference is not None else _MISSING, row.reference is None)
    with ui.element("div").classes("studio-grid"):
        for name, answer in row.answers.items():
            _answer(name, answer)
    if not asked:
        quiet(
            "How the models were asked is not known: their answers are not in this run, or another version wrote them."
        )
    for names, how in asked:
        show_asked(how, row.task_type, "" if len(asked) == 1 else f" ({', '.join(names)})")


def _answer(name: str, answer: Answer) -> None:
    with ui.element("section").classes("studio-card column").style("gap: 6px") as section:
        section.props["aria-label"] = f"Answer of {name}"
        with ui.row().classes("items-baseline justify-between w-full"):
            ui.label(name).classes("text-weight-bold").props('role="heading" aria-level="3"')
            ui.label("not scored" if answer.score is None else f"score {answer.score:.3f}").classes("text-weight-bold")
        if answer.parse_failure:
            ui.label("The benchmark's parser cannot read this answer.").classes("studio-warn")
        _fact("Answer", answer.prediction if answer.prediction is not None else _MISSING, answer.prediction is None)
        if answer.raw is None:
            quiet("The raw output was not kept.")
        elif answer.raw == answer.prediction:
            quiet("The raw output is the same.")
        else:
            _fact("Raw output", answer.raw)


def show_asked(how: AskedHow, task_type: str = "", of: str = "", *, is_open: bool = True) -> None:
    """Add the task type, the constraint and the prompt.

    Args:
        how: how the question is asked.
        task_type: the task type in the file of questions, or empty.
        of: a text to add to the headings.
        is_open: whether the prompt is shown from the start.
    """
    differs = bool(task_type) and task_type != how.task_type
    stated = f"{how.task_type}, but the question's is {task_type}" if differs else how.task_type
    _fact(f"Task type in the prompt{of}", stated)
    _fact(f"Allowed{of}", f"{how.allowed}; limit {how.max_tokens} token{'s' if how.max_tokens > 1 else ''}")
    for note in how.notes:
        quiet(note)
    with ui.element("details").props("open" if is_open else ""):
        with ui.element("summary"):
            ui.label(f"Prompt{of}").style("display: inline")
        if how.rendered is not None:
            ui.label(how.rendered).classes("studio-text studio-mono answers-prompt")
        else:
            for message in how.messages:
                _fact(message["role"], message["content"], mono=True)


def _fact(name: str, value: str, is_missing: bool = False, *, mono: bool = False) -> None:
    with ui.element("div"):
        quiet(name).style("font-size: 13px")
        classes = "studio-quiet" if is_missing else f"studio-text{' studio-mono' if mono else ''}"
        ui.label(value or "(empty)").classes(classes)

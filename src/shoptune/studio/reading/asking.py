"""How a question is asked: the task type that the prompt states, the prompt as the model sees it, the constraint."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shoptune.errors import ShoptuneError
from shoptune.infer.ask import NoTokenizer
from shoptune.infer.compose import compose
from shoptune.infer.constraints.kind import KINDS
from shoptune.infer.few_shot.example import FewShotExample
from shoptune.infer.few_shot.selection import FewShotSelector
from shoptune.infer.prepare import allowed
from shoptune.infer.profile import Profile
from shoptune.infer.prompt import Prompt
from shoptune.shopbench.allowed import Arrangement, FromQuestion, OneOf
from shoptune.shopbench.chat import Message
from shoptune.shopbench.chat_template import render
from shoptune.shopbench.control_tokens import longest_first
from shoptune.shopbench.task_types import DEFINITIONS
from shoptune.studio.reading.recorded import recorded_input
from shoptune.studio.run_folder import Artifact, RunFolder

_ANY = "any text"


@dataclass(frozen=True)
class Way:
    """How `shoptune infer` asked the questions of an artifact.

    Attributes:
        profile: the profile, without few-shot examples that cannot be found again.
        checkpoint: the folder whose chat template rendered the prompts, or None if it was moved or has changed.
        notes: the parts of prompts that are not shown, as sentences.
    """

    profile: Profile
    checkpoint: Path | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class AskedHow:
    """How one question is asked.

    Attributes:
        task_type: the task type that the prompt states, which is guessed from the text.
        messages: the turns of the chat.
        rendered: the prompt after the checkpoint's chat template, or None if the template is not known.
        allowed: a description of the allowed answers.
        parameters: the constraint as vLLM's parameters, in JSON; empty if there is none.
        max_tokens: the profile's limit for the length of the answer, in tokens; it is raised for long lists.
        notes: what is not shown, as sentences.
    """

    task_type: str
    messages: Sequence[Message]
    rendered: str | None
    allowed: str
    parameters: str
    max_tokens: int
    notes: tuple[str, ...] = ()


def way_of(run: RunFolder, answers: Artifact) -> Way | None:
    """Return how an artifact's questions were asked, or None if another version of shoptune wrote its profile."""
    try:
        profile = Profile.model_validate(answers.manifest["config"])
    except ValidationError:
        return None
    notes, prompting = [], profile.prompting
    changes: dict[str, Any] = {}
    if prompting.few_shot:
        file = recorded_input(run, answers, "few_shot")
        changes["few_shot"] = prompting.few_shot.model_copy(update={"questions": str(file)}) if file else None
        if file is None:
            notes.append("The few-shot examples are not shown: their file was moved or has changed.")
    if prompting.retrieved:
        changes["retrieved"] = None
        notes.append("The retrieved few-shot examples are not shown.")
    if prompting.dynamic:
        changes["dynamic"] = None
        notes.append("The dynamic few-shot example, an earlier question of the run, is not shown.")
    profile = profile.model_copy(update={"prompting": prompting.model_copy(update=changes)})
    return Way(profile, recorded_input(run, answers, "model"), tuple(notes))


def asked_how(prompt: Prompt, way: Way) -> AskedHow:
    """Return how a question is asked.

    Raises:
        ShoptuneError: a file of few-shot examples is malformed.
    """
    profile, notes = way.profile, list(way.notes)
    examples = _examples(prompt, profile)
    tokens = control_tokens_of(way.checkpoint) if way.checkpoint else ()
    messages = compose(prompt, profile.prompting, examples, tokens)
    rendered = None
    if way.checkpoint:
        try:
            rendered = render(messages, way.checkpoint, profile.chat_template_arguments)
        except ShoptuneError as error:
            notes.append(str(error))
    constraint, _ = allowed(prompt, profile, NoTokenizer())
    reasoning = profile.prompting.reasoning_of(prompt.task_type)
    limit = reasoning.max_tokens if reasoning else profile.max_tokens.of(prompt.task_type)
    arguments = constraint.sampling_arguments()
    written = json.dumps(arguments, ensure_ascii=False) if arguments else ""
    return AskedHow(
        prompt.task_type.value, messages, rendered, describe_allowed(prompt, profile), written, limit, tuple(notes)
    )


def _examples(prompt: Prompt, profile: Profile) -> Sequence[FewShotExample]:
    [examples] = FewShotSelector(profile.prompting).select([prompt], {})
    return examples


def describe_allowed(prompt: Prompt, profile: Profile) -> str:
    """Describe the answers that a profile allows to a question."""
    if reasoning := profile.prompting.reasoning_of(prompt.task_type):
        return f"output that matches {reasoning.pattern}" if reasoning.pattern else f"{_ANY}, with reasoning"
    kinds = [kind for kind in KINDS.values() if kind.task_type is prompt.task_type]
    values = {kind.name: getattr(profile.constraints, kind.name) for kind in kinds}
    if values and not any(values.values()):
        return f"{_ANY}; the profile disables {' and '.join(values)}"
    match DEFINITIONS[prompt.task_type].allowed(prompt.text):
        case OneOf(numbers):
            return f"one of {', '.join(map(str, numbers))}"
        case Arrangement(numbers, length):
            listed = ", ".join(map(str, numbers))
            return f"{length} different numbers of {listed}, in any order, separated by commas"
        case FromQuestion():
            bias = next(iter(values.values()), None)
            return f"{_ANY}; tokens of the question are favored" + (f" (logits +{bias})" if bias else "")
        case _:
            return _ANY


@functools.lru_cache(maxsize=16)
def control_tokens_of(checkpoint: Path) -> tuple[str, ...]:
    """Return the special tokens of a checkpoint, which are neutralized in questions."""
    settings, tokenizer = (_json(checkpoint / name) for name in ("tokenizer_config.json", "tokenizer.json"))
    added = [*(settings.get("added_tokens_decoder") or {}).values(), *(tokenizer.get("added_tokens") or [])]
    return longest_first(entry["content"] for entry in added if entry.get("special"))


def _json(file: Path) -> dict[str, Any]:
    found = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return found if isinstance(found, dict) else {}

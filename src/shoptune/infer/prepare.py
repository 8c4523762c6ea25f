"""From questions to what the engine is asked: their prompts, and what their answers may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shoptune.errors import fail
from shoptune.infer.compose import compose
from shoptune.infer.constraints import Constraint, Tokens, constraint_for
from shoptune.infer.exemplars import Solved
from shoptune.infer.profile import Profile
from shoptune.infer.reasoning import conclusion, reasoned
from shoptune.infer.repair import repair
from shoptune.infer.shots import Shots
from shoptune.shopbench.chat import render
from shoptune.shopbench.classify import task_type_of
from shoptune.shopbench.vocabulary import TaskType

_QUESTION_SHOWN = 60


@dataclass(frozen=True)
class Prepared:
    """One question, ready to be answered.

    Attributes:
        question: its text.
        task_type: guessed from the text, as at the challenge.
        prompt: the rendered chat.
        constraint: what the answer may be.
        max_tokens: how long the answer may be.
    """

    question: str
    task_type: TaskType
    prompt: str
    constraint: Constraint
    max_tokens: int

    def finish(self, text: str, profile: Profile) -> str:
        """The prediction to hand in, from what the model wrote."""
        return finished(text, self.question, self.task_type, profile)


class Preparer:
    """Renders questions and finds their constraints.

    Args:
        profile: how questions are put, which constraints hold, and how long answers may be.
        shots: where exemplars come from.
        checkpoint: its chat template renders the prompts.
        tokens: its tokenizer.
        window: how many tokens a prompt and its answer may have together.
    """

    def __init__(self, profile: Profile, shots: Shots, checkpoint: Path, tokens: Tokens, window: int) -> None:
        self._profile, self._shots = profile, shots
        self._checkpoint, self._tokens, self._window = checkpoint, tokens, window

    def prepare(
        self, questions: Sequence[tuple[str, bool]], dynamic: Mapping[TaskType, Solved] | None = None
    ) -> list[Prepared]:
        """Prepare questions.

        A prompt that does not fit into the window loses its exemplars from the first on, until it does.

        Args:
            questions: each question's text, and whether it is a multiple-choice question.
            dynamic: exemplars from this very run.

        Raises:
            ShoptuneError: a question is too long for the window.
        """
        asked = [(text, task_type_of(text, is_multiple_choice=choice)) for text, choice in questions]
        shots = self._shots.before(asked, dynamic or {})
        return [self._prepared(*pair, list(shown)) for pair, shown in zip(asked, shots, strict=True)]

    def _prepared(self, question: str, task_type: TaskType, shots: list[Solved]) -> Prepared:
        constraint, limit = allowed(question, task_type, self._profile, self._tokens)
        prompt = self._prompt(question, task_type, shots)
        while shots and self._length(prompt) + limit > self._window:
            shots = shots[1:]
            prompt = self._prompt(question, task_type, shots)
        if (length := self._length(prompt)) >= self._window:
            what = f"the prompt has {length} tokens, and the engine takes {self._window} with the answer"
            raise fail(f"question '{question[:_QUESTION_SHOWN]}'", "", what, "raise engine.max_model_len")
        return Prepared(question, task_type, prompt, constraint, limit)

    def _prompt(self, question: str, task_type: TaskType, shots: Sequence[Solved]) -> str:
        return render(compose(question, task_type, self._profile.prompting, shots), self._checkpoint)

    def _length(self, prompt: str) -> int:
        """Tokens of a prompt; a short one need not be counted, as no byte-level tokenizer makes more than bytes."""
        size = len(prompt.encode())
        return size if 2 * size < self._window else len(self._tokens.encode(prompt))


def allowed(question: str, task_type: TaskType, profile: Profile, tokens: Tokens) -> tuple[Constraint, int]:
    """What the answer to a question may be, and how many tokens it may have.

    Args:
        question: its text.
        task_type: as the system prompt tells it.
        profile: which constraints hold, and how long answers may be.
        tokens: the checkpoint's tokenizer.
    """
    if reasoning := profile.prompting.reasoning_of(task_type):
        only_options = profile.constraints.multiple_choice
        return reasoned(question, task_type, reasoning, only_options=only_options), reasoning.max_tokens
    constraint = constraint_for(question, task_type, profile.constraints, tokens)
    limit = profile.max_tokens.of(task_type)
    if constraint.longest:  # else the engine would cut a long list off
        limit = max(limit, len(tokens.encode(constraint.longest)) + 1)
    return constraint, limit


def finished(text: str, question: str, task_type: TaskType, profile: Profile) -> str:
    """The prediction to hand in for a question, from what the model wrote."""
    if reasoning := profile.prompting.reasoning_of(task_type):
        text = conclusion(text, reasoning)
    return repair(text, question, task_type, profile.default_choice) if profile.repair else text


def cache_friendly_order(questions: Sequence[tuple[str, bool]]) -> list[int]:
    """The order in which questions share the longest beginnings with those before them: by task type, then by text."""
    keys = [(task_type_of(text, is_multiple_choice=choice).value, text) for text, choice in questions]
    return sorted(range(len(questions)), key=lambda number: (keys[number], number))

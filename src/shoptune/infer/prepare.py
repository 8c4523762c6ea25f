"""Prepare questions for the engine: render prompts to token ids, and find constraints and length limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shoptune.errors import fail
from shoptune.infer.compose import compose
from shoptune.infer.constraints.constraint import Constraint, Tokens
from shoptune.infer.constraints.settings import constraint_for
from shoptune.infer.few_shot.example import FewShotExample
from shoptune.infer.few_shot.selection import FewShotSelector
from shoptune.infer.profile import Profile
from shoptune.infer.prompt import Prompt
from shoptune.infer.reasoning import conclusion, reasoned
from shoptune.infer.repair import repair
from shoptune.shopbench.chat import Message
from shoptune.shopbench.vocabulary import TaskType

_QUESTION_SHOWN = 60


class Chats(Tokens, Protocol):
    """The part of a tokenizer's interface used here, implemented by `shopbench.chat_tokenizer.ChatTokenizer`."""

    @property
    def control_tokens(self) -> tuple[str, ...]:
        """The checkpoint's special tokens."""

    def render(self, messages: Sequence[Message]) -> str:
        """Render a chat to text with the checkpoint's chat template."""


@dataclass(frozen=True)
class Prepared:
    """A question that is ready for the engine.

    Attributes:
        prompt: the question.
        token_ids: the rendered chat. The engine gets token ids because vLLM would add special tokens to a text, which
            already has those of the chat template.
        constraint: the constraint on the answer.
        max_tokens: the maximum length of the answer, in tokens.
        lost: the number of tokens that were cut out of the prompt's middle.
    """

    prompt: Prompt
    token_ids: Sequence[int]
    constraint: Constraint
    max_tokens: int
    lost: int = 0


class Preparer:
    """Renders questions and finds the constraints and length limits of their answers.

    Args:
        profile: the prompting, the constraints and the length limits.
        selector: selects few-shot examples.
        tokens: the checkpoint's tokenizer.
        window: the maximum length of a prompt and its answer together, in tokens.
    """

    def __init__(self, profile: Profile, selector: FewShotSelector, tokens: Chats, window: int) -> None:
        self._profile, self._selector, self._tokens, self._window = profile, selector, tokens, window

    def prepare(
        self, prompts: Sequence[Prompt], dynamic: Mapping[TaskType, FewShotExample] | None = None, *, cut: bool = False
    ) -> list[Prepared]:
        """Prepare questions for the engine, in the order given.

        If a prompt does not fit into the window, few-shot examples are dropped from the front until it does.

        Args:
            prompts: the questions.
            dynamic: few-shot examples from earlier batches of the run, by task type.
            cut: cut a question that is too long, instead of refusing it.

        Raises:
            ShoptuneError: a question is too long for the window and may not be cut.
        """
        selected = self._selector.select(prompts, dynamic or {})
        pairs = zip(prompts, selected, strict=True)
        return [self._prepared(prompt, examples, cut=cut) for prompt, examples in pairs]

    def _prepared(self, prompt: Prompt, examples: Sequence[FewShotExample], *, cut: bool) -> Prepared:
        constraint, limit = allowed(prompt, self._profile, self._tokens)
        ids = self._token_ids(prompt, examples)
        while examples and len(ids) + limit > self._window:
            examples = examples[1:]
            ids = self._token_ids(prompt, examples)
        if cut and len(ids) + limit > self._window:
            limit = min(limit, self._window // 2)
            kept = _without_middle(ids, self._window - limit)
            return Prepared(prompt, kept, constraint, limit, lost=len(ids) - len(kept))
        if len(ids) >= self._window:
            what = f"the prompt has {len(ids)} tokens, but prompt and answer must fit into {self._window}"
            raise fail(f"question '{prompt.text[:_QUESTION_SHOWN]}'", "", what, "raise engine.max_model_len")
        return Prepared(prompt, ids, constraint, limit)

    def _token_ids(self, prompt: Prompt, examples: Sequence[FewShotExample]) -> Sequence[int]:
        messages = compose(prompt, self._profile.prompting, examples, self._tokens.control_tokens)
        return self._tokens.encode(self._tokens.render(messages))


def _without_middle(ids: Sequence[int], kept: int) -> Sequence[int]:
    """Keep the ends of a prompt: the instruction, the last lines, and the chat template's markers."""
    tail = min(kept, len(ids)) // 2
    return [*ids[: min(kept, len(ids)) - tail], *ids[len(ids) - tail :]]


def allowed(prompt: Prompt, profile: Profile, tokens: Tokens) -> tuple[Constraint, int]:
    """Return the constraint on the answer to a question, and the answer's maximum length in tokens.

    Args:
        prompt: the question.
        profile: the constraints, the reasoning and the length limits.
        tokens: the checkpoint's tokenizer.
    """
    if reasoning := profile.prompting.reasoning_of(prompt.task_type):
        only_options = bool(getattr(profile.constraints, "multiple_choice", False))
        return reasoned(prompt.text, prompt.task_type, reasoning, only_options=only_options), reasoning.max_tokens
    constraint = constraint_for(prompt.text, prompt.task_type, profile.constraints, tokens)
    limit = profile.max_tokens.of(prompt.task_type)
    if constraint.longest:  # otherwise the answer to a long list would be cut off
        limit = max(limit, len(tokens.encode(constraint.longest)) + 1)
    return constraint, limit


def finished(text: str, prompt: Prompt, profile: Profile) -> str:
    """Extract the prediction from a model's output, and repair its format if the profile says so."""
    if reasoning := profile.prompting.reasoning_of(prompt.task_type):
        text = conclusion(text, reasoning)
    return repair(text, prompt.text, prompt.task_type, profile.default_choice) if profile.repair else text


def cache_friendly_order(prompts: Sequence[Prompt]) -> list[int]:
    """Return the questions' positions, sorted by task type and text so that prompts share prefixes in the cache."""
    return sorted(
        range(len(prompts)), key=lambda number: (prompts[number].task_type.value, prompts[number].text, number)
    )

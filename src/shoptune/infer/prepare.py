"""Prepare questions for the engine: prompts as token ids, constraints, and length limits."""

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
    """What preparing needs from a tokenizer; `shopbench.chat_tokenizer.ChatTokenizer` is one."""

    @property
    def control_tokens(self) -> tuple[str, ...]:
        """The special tokens."""

    def render(self, messages: Sequence[Message]) -> str:
        """A chat as text, by the checkpoint's chat template."""


@dataclass(frozen=True)
class Prepared:
    """A question, ready to be answered.

    Attributes:
        prompt: the question.
        token_ids: the rendered chat. The engine gets token ids, since vLLM would add special tokens to a text that has
            those of the chat template already.
        constraint: what the answer may be.
        max_tokens: how long the answer may be.
        lost: how many tokens were cut out of its middle.
    """

    prompt: Prompt
    token_ids: Sequence[int]
    constraint: Constraint
    max_tokens: int
    lost: int = 0


class Preparer:
    """Renders questions and finds their constraints.

    Args:
        profile: how questions are put, which constraints apply, and how long answers may be.
        selector: selects few-shot examples.
        tokens: the checkpoint's tokenizer.
        window: how many tokens a prompt and its answer may have together.
    """

    def __init__(self, profile: Profile, selector: FewShotSelector, tokens: Chats, window: int) -> None:
        self._profile, self._selector, self._tokens, self._window = profile, selector, tokens, window

    def prepare(
        self, prompts: Sequence[Prompt], dynamic: Mapping[TaskType, FewShotExample] | None = None, *, cut: bool = False
    ) -> list[Prepared]:
        """Prepare questions.

        A prompt that does not fit into the window loses few-shot examples, the first ones first, until it does.

        Args:
            prompts: the questions.
            dynamic: few-shot examples from this very run.
            cut: cut tokens out of the middle of a question that is too long.

        Raises:
            ShoptuneError: a question is too long for the window, and must not be cut.
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
            kept = _without_middle(ids, max(1, self._window - limit))
            return Prepared(prompt, kept, constraint, limit, lost=len(ids) - len(kept))
        if len(ids) >= self._window:
            what = f"the prompt has {len(ids)} tokens, and the engine takes {self._window} with the answer"
            raise fail(f"question '{prompt.text[:_QUESTION_SHOWN]}'", "", what, "raise engine.max_model_len")
        return Prepared(prompt, ids, constraint, limit)

    def _token_ids(self, prompt: Prompt, examples: Sequence[FewShotExample]) -> Sequence[int]:
        messages = compose(prompt, self._profile.prompting, examples, self._tokens.control_tokens)
        return self._tokens.encode(self._tokens.render(messages))


def _without_middle(ids: Sequence[int], kept: int) -> Sequence[int]:
    """The first and last tokens of a prompt: its instruction, its last lines and the markers of the chat stay."""
    tail = kept // 2
    return [*ids[: kept - tail], *ids[len(ids) - tail :]]


def allowed(prompt: Prompt, profile: Profile, tokens: Tokens) -> tuple[Constraint, int]:
    """What the answer to a question may be, and how many tokens it may have.

    Args:
        prompt: the question.
        profile: which constraints apply, and how long answers may be.
        tokens: the checkpoint's tokenizer.
    """
    if reasoning := profile.prompting.reasoning_of(prompt.task_type):
        only_options = bool(getattr(profile.constraints, "multiple_choice", False))
        return reasoned(prompt.text, prompt.task_type, reasoning, only_options=only_options), reasoning.max_tokens
    constraint = constraint_for(prompt.text, prompt.task_type, profile.constraints, tokens)
    limit = profile.max_tokens.of(prompt.task_type)
    if constraint.longest:  # else a long list would be cut off
        limit = max(limit, len(tokens.encode(constraint.longest)) + 1)
    return constraint, limit


def finished(text: str, prompt: Prompt, profile: Profile) -> str:
    """The prediction for a question, from what the model wrote."""
    if reasoning := profile.prompting.reasoning_of(prompt.task_type):
        text = conclusion(text, reasoning)
    return repair(text, prompt.text, prompt.task_type, profile.default_choice) if profile.repair else text


def cache_friendly_order(prompts: Sequence[Prompt]) -> list[int]:
    """Positions sorted by task type, then by text, so that prompts share prefixes in the cache."""
    return sorted(
        range(len(prompts)), key=lambda number: (prompts[number].task_type.value, prompts[number].text, number)
    )

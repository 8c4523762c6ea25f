"""A constraint on one answer, and the one mapping from it to vLLM's sampling parameters."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

# The limit of vLLM's GPU sampler (vllm/v1/worker/gpu/sample/logit_bias.py): a longer bias raises inside the worker and
# ends the engine. A test compares this with the installed library.
MAX_LOGIT_BIAS = 1024


@dataclass(frozen=True)
class Constraint:
    """What an answer may be; a field that is None restricts nothing.

    Attributes:
        token_ids: the only tokens that may be written.
        pattern: a regular expression that the whole answer matches.
        longest: the longest text that the pattern matches; the length limit grows to hold it.
        logit_bias: what is added to the logits of some tokens, the most important first: vLLM takes a limited number.
    """

    token_ids: tuple[int, ...] | None = None
    pattern: str | None = None
    longest: str | None = None
    logit_bias: Mapping[int, float] | None = None

    def sampling_arguments(self) -> dict[str, Any]:
        """The constraint in vLLM's terms.

        Returns:
            Keys and values that `SamplingParams` and the body of a request to vLLM's OpenAI-compatible server share.
        """
        arguments: dict[str, Any] = {}
        if self.token_ids:
            arguments["allowed_token_ids"] = list(self.token_ids)
        if self.pattern:
            arguments["structured_outputs"] = {"regex": self.pattern}
        if self.logit_bias:
            arguments["logit_bias"] = dict(itertools.islice(self.logit_bias.items(), MAX_LOGIT_BIAS))
        return arguments


FREE = Constraint()


class Tokens(Protocol):
    """What a constraint needs from a tokenizer."""

    @property
    def ends(self) -> Sequence[int]:
        """The tokens that end an answer; empty when they are unknown."""

    def encode(self, text: str) -> Sequence[int]:
        """The token ids of a text, without special tokens around it."""

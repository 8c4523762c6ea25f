"""A constraint on one answer, and its translation into vLLM's sampling parameters."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

# The limit of vLLM's GPU sampler (vllm/v1/worker/gpu/sample/logit_bias.py): more entries raise an error inside the
# worker, which stops the engine. A test compares the value with the installed library.
MAX_LOGIT_BIAS = 1024


@dataclass(frozen=True)
class Constraint:
    """The answers that are allowed to a question; a field that is None imposes no restriction.

    Attributes:
        token_ids: the only tokens that may be generated.
        pattern: a regular expression that the whole answer must match.
        longest: the longest text that the pattern matches; the length limit is raised to fit it.
        logit_bias: values added to the logits of tokens, most important first, because vLLM limits their number.
    """

    token_ids: tuple[int, ...] | None = None
    pattern: str | None = None
    longest: str | None = None
    logit_bias: Mapping[int, float] | None = None

    def sampling_arguments(self) -> dict[str, Any]:
        """Translate the constraint into vLLM's parameters.

        Returns:
            Parameters that both `SamplingParams` and requests to vLLM's OpenAI-compatible server accept.
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
    """The part of a tokenizer's interface that constraints use."""

    @property
    def ends(self) -> Sequence[int]:
        """The ids of the tokens that end an answer; empty if they are unknown."""

    def encode(self, text: str) -> Sequence[int]:
        """Return the token ids of a text, without adding special tokens."""

"""Control tokens of chat templates inside foreign text lose their meaning.

A product title that holds a control token could otherwise end the user's turn and speak for the system.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

# Control tokens of the common model families, for text without a tokenizer, such as rows.
_KNOWN = re.compile(
    r"""<\|[^\s<>|]+\|>                                         # ChatML, Llama 3 and 4, Phi, Command R, GLM, ...
    | <\uff5c[^\s<>]+\uff5c>                                    # DeepSeek, with full-width bars
    | </?s> | <(?:bos|eos|pad|unk|mask|cls|sep)>                # Llama 2, Mistral, Gemma, BERT
    | <(?:start|end)_of_(?:turn|image|audio|role|text)>         # Gemma, Granite
    | <turn\|> | <\|turn> | <<\/?SYS>>                          # Gemma 4, Llama 2
    | \[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_(?:CALLS|RESULTS|CONTENT)|IMG|THINK|ARGS|CALL_ID)\]  # Mistral
    | \[\|[^\s\[\]|]+\|\]                                       # EXAONE
    | </?(?:think|tool_call|tool_response|tools)>               # Qwen3, DeepSeek R1
    """,
    re.VERBOSE,
)
_DELIMITED = re.compile(r"^([^\w\s]+)(\w.*?)([^\w\s]+)$", re.DOTALL)


def neutralize(text: str, control_tokens: tuple[str, ...] = ()) -> str:
    """Break up control tokens in foreign text: `<|im_end|>` becomes `<| im_end |>`, `[INST]` becomes `[ INST ]`.

    Args:
        text: a question, an answer, or a field of a record.
        control_tokens: a checkpoint's special tokens, as `longest_first` orders them, besides the known families' own.
    """
    before = None
    while text != before:  # again, since the pieces of a token may contain another one: <|a[INST]b|>
        before = text
        if "<" in text or "[" in text:
            text = _KNOWN.sub(_broken, text)
        if control_tokens:
            text = _pattern(control_tokens).sub(_broken, text)
    return text


def longest_first(tokens: Iterable[str]) -> tuple[str, ...]:
    """Tokens in an order in which none hides a longer one; those too short to break up are left out."""
    return tuple(sorted({token for token in tokens if len(token.strip()) > 1}, key=lambda token: (-len(token), token)))


def token_text(value: object) -> str:
    """The text of a special token, which JSON files write as a text, as an object with `content`, or as null."""
    return str(value["content"]) if isinstance(value, dict) else str(value or "")


@functools.lru_cache(maxsize=8)
def _pattern(control_tokens: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, control_tokens)))


def _broken(match: re.Match[str]) -> str:
    token = match[0]
    if parts := _DELIMITED.match(token):
        return " ".join(parts.groups())
    return f"{token[0]} {token[1:]}"

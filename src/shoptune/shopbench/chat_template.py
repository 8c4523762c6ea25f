"""Render a checkpoint's chat template without transformers.

Inference and calibration render with transformers' own function (`chat_tokenizer.py`). This renderer serves the
environments without transformers; a test compares the two on the templates of many model families.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptune.errors import ShoptuneError, fail
from shoptune.shopbench.chat import Message
from shoptune.shopbench.control_tokens import token_text

if TYPE_CHECKING:
    from jinja2 import Template

_SPECIAL = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


def render(messages: Sequence[Message], checkpoint: Path, arguments: Mapping[str, Any] | None = None) -> str:
    """Render messages with a checkpoint's chat template, up to the assistant's turn when the answer is still missing.

    Args:
        messages: the turns.
        checkpoint: a folder with tokenizer_config.json, and chat_template.jinja where the template has its own file.
        arguments: further arguments of the template, such as Qwen3's `enable_thinking`.

    Raises:
        ShoptuneError: the checkpoint has no chat template, or its template rejects the messages.
    """
    template, special = _template(checkpoint)
    values = {"tools": None, "documents": None, **special, **(arguments or {})}
    with template_errors(checkpoint):
        return template.render(messages=messages, add_generation_prompt=awaits_answer(messages), **values)


def awaits_answer(messages: Sequence[Message]) -> bool:
    """Whether the assistant's turn is still to come."""
    return messages[-1]["role"] != "assistant"


def no_template(checkpoint: Path) -> ShoptuneError:
    """The error for a checkpoint without a chat template."""
    what = "the checkpoint has no chat template"
    return fail(checkpoint / "tokenizer_config.json", "chat_template", what, "use an instruction-tuned base")


@contextmanager
def template_errors(checkpoint: Path) -> Iterator[None]:
    """Report a template that rejects messages, such as a system prompt, as a one-line error."""
    from jinja2 import TemplateError

    try:
        yield
    except TemplateError as error:
        remedy = "use a chat template that accepts a system prompt before the user's turn"
        raise fail(checkpoint, "chat_template", f"refuses the messages: {error}", remedy) from error


@functools.cache
def _template(checkpoint: Path) -> tuple[Template, dict[str, str]]:
    """The compiled template, and the special tokens it may name."""
    settings: dict[str, Any] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        file = checkpoint / name
        settings |= json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    standalone = checkpoint / "chat_template.jinja"
    source = standalone.read_text(encoding="utf-8") if standalone.is_file() else settings.get("chat_template")
    if isinstance(source, list):  # several templates by name
        source = next((entry["template"] for entry in source if entry["name"] == "default"), None)
    if not isinstance(source, str):
        raise no_template(checkpoint)
    special = {name: token_text(settings[name]) for name in _SPECIAL if settings.get(name)}
    with template_errors(checkpoint):
        return compile_template(source), special


def compile_template(source: str) -> Template:
    """A chat template in the sandbox that transformers uses: the same options, extensions, filters and functions."""
    from jinja2 import TemplateError
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    from shoptune.shopbench.generation_tag import GenerationTag

    def raise_exception(message: str) -> None:
        raise TemplateError(message)

    def strftime_now(layout: str) -> str:
        return datetime.now().strftime(layout)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[GenerationTag, loopcontrols]
    )
    environment.filters["tojson"] = _tojson
    environment.globals |= {"raise_exception": raise_exception, "strftime_now": strftime_now}
    return environment.from_string(source)


def _tojson(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """JSON without HTML or ASCII escapes, unlike Jinja's own filter."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

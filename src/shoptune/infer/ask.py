"""Ask a running server a question, as `shoptune infer` would put it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from shoptune.errors import fail
from shoptune.infer.compose import compose
from shoptune.infer.few_shot.selection import FewShotSelector
from shoptune.infer.prepare import allowed, finished
from shoptune.infer.profile import Profile
from shoptune.infer.prompt import Prompt
from shoptune.infer.serve import SERVED_NAME

_SECONDS = 120


class NoTokenizer:
    """Stands in for the server's tokenizer: every text counts as several tokens, so that constraints are patterns."""

    ends: Sequence[int] = ()

    def encode(self, text: str) -> list[int]:
        """At least two tokens."""
        return [0] * max(2, len(text))


def ask_server(question: str, url: str, profile: Profile, *, is_multiple_choice: bool) -> str:
    """The answer to one question.

    Args:
        question: its text.
        url: where the server listens.
        profile: how the question is put, and what its answer may be.
        is_multiple_choice: whether a listed number is the answer.

    Raises:
        ShoptuneError: no server answers there, or it refuses the question.
    """
    prompt = Prompt(question, is_multiple_choice)
    [examples] = FewShotSelector(profile.prompting).select([prompt], {})
    constraint, limit = allowed(prompt, profile, NoTokenizer())
    body: dict[str, Any] = {
        "model": SERVED_NAME,
        "messages": compose(prompt, profile.prompting, examples),
        "temperature": 0,
        "max_tokens": limit,
        **constraint.sampling_arguments(),
    }
    if profile.chat_template_arguments:
        body["chat_template_kwargs"] = profile.chat_template_arguments
    written = _post(f"{url}/v1/chat/completions", body)["choices"][0]["message"]["content"]
    return finished(written, prompt, profile)


def _post(url: str, body: dict[str, Any]) -> Any:
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - this machine
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise fail(
            url, "", f"answered {error.code}: {error.read(300).decode(errors='replace')}", "see its log"
        ) from error
    except OSError as error:
        raise fail(url, "", f"no server answers ({error})", "start one: shoptune serve PROFILE --model DIR") from error

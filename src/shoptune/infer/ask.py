"""Ask a running server a question, as `shoptune infer` would put it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from shoptune.errors import fail
from shoptune.infer.compose import compose
from shoptune.infer.prepare import allowed, finished
from shoptune.infer.profile import Profile
from shoptune.infer.serve import SERVED_NAME
from shoptune.infer.shots import Shots
from shoptune.shopbench.classify import task_type_of

_SECONDS = 120


class _TwoTokens:
    """No tokenizer is at hand: every text counts as several tokens, so that constraints come as patterns."""

    end = 0

    def encode(self, text: str) -> list[int]:
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
    task_type = task_type_of(question, is_multiple_choice=is_multiple_choice)
    [shown] = Shots(profile.prompting).before([(question, task_type)], {})
    constraint, limit = allowed(question, task_type, profile, _TwoTokens())
    body: dict[str, Any] = {
        "model": SERVED_NAME,
        "messages": compose(question, task_type, profile.prompting, shown),
        "temperature": 0,
        "max_tokens": limit,
    }
    if constraint.pattern:
        body["structured_outputs"] = {"regex": constraint.pattern}
    written = _post(f"{url}/v1/chat/completions", body)["choices"][0]["message"]["content"]
    return finished(written, question, task_type, profile)


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

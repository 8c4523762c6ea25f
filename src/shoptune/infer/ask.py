"""Ask a running server a question, with the same prompt and constraint that `shoptune infer` uses."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from shoptune.errors import ShoptuneError, fail
from shoptune.infer.compose import compose
from shoptune.infer.few_shot.selection import FewShotSelector
from shoptune.infer.prepare import allowed, finished
from shoptune.infer.profile import Profile
from shoptune.infer.prompt import Prompt
from shoptune.infer.serve import SERVED_NAME

_SECONDS = 120


class NoTokenizer:
    """Stands in for the server's tokenizer, which the client does not load.

    Every text counts as more than one token, so constraints are expressed as regular expressions, not as token ids.
    """

    ends: Sequence[int] = ()

    def encode(self, text: str) -> list[int]:
        """Return one token id per character, and at least two."""
        return [0] * max(2, len(text))


@dataclass(frozen=True)
class Client:
    """Asks a running server questions in the way that `shoptune infer` does.

    Attributes:
        url: the server's base URL.
        api_key: the server's API key, if it requires one.
        model: the served name of the model or adapter to ask.
    """

    url: str
    api_key: str | None = None
    model: str = SERVED_NAME

    def ask(self, prompt: Prompt, profile: Profile) -> str:
        """Return the prediction for one question.

        Args:
            prompt: the question.
            profile: the prompting, the constraints and the length limits.

        Raises:
            ShoptuneError: the server cannot be reached, or it rejects the request.
        """
        return finished(self.complete(prompt, profile), prompt, profile)

    def complete(self, prompt: Prompt, profile: Profile) -> str:
        """Return the raw output for one question, from which `ask` extracts the prediction.

        Raises:
            ShoptuneError: the server cannot be reached, or it rejects the request.
        """
        [examples] = FewShotSelector(profile.prompting).select([prompt], {})
        constraint, limit = allowed(prompt, profile, NoTokenizer())
        body: dict[str, Any] = {
            "model": self.model,
            "messages": compose(prompt, profile.prompting, examples),
            "temperature": 0,
            "max_tokens": limit,
            **constraint.sampling_arguments(),
        }
        if profile.chat_template_arguments:
            body["chat_template_kwargs"] = dict(profile.chat_template_arguments)
        try:
            return str(self._post("/v1/chat/completions", body)["choices"][0]["message"]["content"])
        except (KeyError, IndexError, TypeError) as error:
            raise self._not_a_model() from error

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        if urlsplit(self.url).scheme not in {"http", "https"}:
            raise fail(self.url, "", "is not an HTTP address", "enter one such as http://127.0.0.1:8000")
        headers = {"Content-Type": "application/json"}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise self._refused(error) from error
        except (http.client.HTTPException, ValueError) as error:
            raise self._not_a_model() from error
        except OSError as error:
            reason = getattr(error, "reason", error)
            what = f"no server answers ({getattr(reason, 'strerror', None) or reason})".lower()
            raise fail(self.url, "", what, "start one: shoptune serve PROFILE --model DIR") from error

    def _not_a_model(self) -> ShoptuneError:
        remedy = "check the address, or start a server: shoptune serve PROFILE --model DIR"
        return fail(self.url, "", "does not answer as a model does", remedy)

    def _refused(self, error: urllib.error.HTTPError) -> ShoptuneError:
        if error.code == HTTPStatus.UNAUTHORIZED:
            what = "rejects the API key" if self.api_key else "requires an API key"
            remedy = "pass the key that the server was started with: --api-key KEY, or SHOPTUNE_API_KEY"
            return fail(self.url, "", what, remedy)
        if error.code == HTTPStatus.NOT_FOUND:
            what = f"does not serve '{self.model}'"
            return fail(self.url, "", what, "start it with shoptune serve --adapter NAME=DIR, and pass that name")
        answer = error.read(300).decode(errors="replace")
        return fail(self.url, "", f"returned status {error.code}: {answer}", "see the server's log")

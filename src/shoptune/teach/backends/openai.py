"""An endpoint with OpenAI's chat completions, asked through the official client."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from shoptune.errors import fail
from shoptune.teach.backend import Ask, Backend, Count, Run, Teacher

Rate = Annotated[float, Field(gt=0)]


class OpenAI(Backend):
    """Ask an endpoint that implements OpenAI's chat completions, such as `shoptune serve`.

    Attributes:
        url: the base URL, which usually ends in `/v1`; `unix:PATH` for a Unix socket.
        key_variable: the environment variable with the API key; null if the endpoint needs none.
        revision: the model's version, if the endpoint serves another one under the same name later; a part of each
            cache key.
        concurrency: the most requests at a time.
        requests_per_minute: the most requests per minute; null sets no limit.
        timeout_seconds: the time after which a request is repeated.
        max_retries: how often a request is repeated after a time-out, a lost connection, or status 408, 409, 429 or
            5xx; the waiting time grows exponentially, or is what `Retry-After` says.
        strict: ask the endpoint to enforce the schema; set it to false if it rejects the schema.
        length_key: the endpoint's name for the maximum length of an answer; older servers only know `max_tokens`.
        chat_template_arguments: arguments for the chat template, such as Qwen3's `enable_thinking: false`; sent as
            `chat_template_kwargs`, which vLLM understands.
    """

    kind: Literal["openai"] = "openai"
    url: str
    key_variable: str | None = None
    revision: str | None = None
    concurrency: Count = 16
    requests_per_minute: Rate | None = None
    timeout_seconds: Rate = 120.0
    max_retries: Annotated[int, Field(ge=0)] = 5
    strict: bool = True
    length_key: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    chat_template_arguments: Mapping[str, bool | int | float | str] = Field(default_factory=dict)

    @property
    def api_key(self) -> str | None:
        """The key from the environment; None if the endpoint needs none, or the variable is not set."""
        return os.environ.get(self.key_variable) if self.key_variable else None

    def template_arguments(self) -> Mapping[str, Any]:
        """Return the arguments for the chat template."""
        return self.chat_template_arguments

    def teacher(self, model: str | None, file: Path) -> Teacher:
        """Identify a model by the name under which it is served; the address of the endpoint does not matter."""
        if model is None:
            raise fail(file, "model", "is missing", "name the endpoint's model with --model NAME")
        identity = {"model": model, "revision": self.revision}
        if self.chat_template_arguments:
            identity["chat_template_arguments"] = dict(self.chat_template_arguments)  # type: ignore[assignment]
        return Teacher(f"{model}@{self.revision}" if self.revision else model, identity)

    def require(self, file: Path) -> None:
        """Require the API key."""
        if self.key_variable and not self.api_key:
            what = f"the environment variable {self.key_variable} is not set"
            raise fail(file, "backend.key_variable", what, "set it to the API key")

    def refuse_remote(self, file: Path) -> None:
        """Accept Unix sockets, and hosts with loopback addresses only."""
        from shoptune.teach.endpoint import refuse_remote

        refuse_remote(self.url, file)

    @contextmanager
    def session(self, run: Run) -> Iterator[Ask]:
        """Connect with the first prompt."""
        from shoptune.teach.endpoint import Endpoint

        with Endpoint(self, run) as endpoint:
            yield endpoint.ask

"""Requests to an endpoint: concurrent, within a rate limit, repeated by the client where that can help."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shoptune.errors import ShoptuneError, fail
from shoptune.infer.chats import Chat
from shoptune.teach.backend import Reply, Run, Save

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI
    from openai.types.chat import ChatCompletion

    from shoptune.teach.backends.openai import OpenAI

_UNIX = "unix:"
_NO_KEY = "none"  # the client requires one, and would otherwise take a key that is not meant for this endpoint
_SHOWN = 160
_FATAL = {401: "rejects the API key", 403: "refuses access", 404: "has no such model or address"}
_SECONDS_PER_MINUTE = 60


def refuse_remote(url: str, file: Path) -> None:
    """Check that a URL is a Unix socket, or that its host has loopback addresses only.

    Raises:
        ShoptuneError: prompts would leave this machine.
    """
    if url.startswith(_UNIX):
        return
    host = urlsplit(url).hostname
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)} if host else set()
    except OSError:
        found = set()
    if not found or not all(ipaddress.ip_address(address).is_loopback for address in found):
        what = f"'{host or url}' is not this machine, and the run is local only"
        raise fail(file, "backend.url", what, "use a local endpoint, or leave out --local-only and local_only")


class Endpoint:
    """A connection to an endpoint; use it in a `with` block.

    Args:
        settings: the backend.
        run: the run that it belongs to.
    """

    def __init__(self, settings: OpenAI, run: Run) -> None:
        self._settings, self._run = settings, run
        self._runner = asyncio.Runner()
        self._client: AsyncOpenAI | None = None
        self._limiter = _limiter(settings.requests_per_minute)

    def __enter__(self) -> Endpoint:
        """Return the endpoint; it connects with the first prompt."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        if self._client:
            self._runner.run(self._client.close())
        self._runner.close()

    def ask(self, prompts: Sequence[Chat], save: Save) -> None:
        """Ask prompts and save each reply as soon as it arrives.

        Raises:
            ShoptuneError: the endpoint rejects the key or does not know the model, or `save` raises.
        """
        self._runner.run(self._ask(prompts, save))

    async def _ask(self, prompts: Sequence[Chat], save: Save) -> None:
        waiting = iter(enumerate(prompts))
        workers = [
            asyncio.create_task(self._work(waiting, save)) for _ in range(min(self._settings.concurrency, len(prompts)))
        ]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    def _connected(self) -> AsyncOpenAI:
        """Return the client, which is created with the first prompt."""
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        if self._client is not None:
            return self._client
        url, options = self._settings.url, {}
        if url.startswith(_UNIX):
            options["transport"] = _unix_transport(url.removeprefix(_UNIX))
            url = "http://localhost/v1"
        # A redirect, or a proxy, would take prompts to another machine than the one that was checked.
        http = DefaultAsyncHttpxClient(follow_redirects=False, trust_env=not self._run.local_only, **options)
        self._client = AsyncOpenAI(
            api_key=self._settings.api_key or _NO_KEY,
            admin_api_key="",
            base_url=url,
            timeout=self._settings.timeout_seconds,
            max_retries=self._settings.max_retries,
            http_client=http,
        )
        self._client.organization = self._client.project = None  # otherwise taken from the environment
        return self._client

    async def _work(self, waiting: Iterator[tuple[int, Chat]], save: Save) -> None:
        for number, prompt in waiting:
            async with self._limiter:
                reply = await self._reply(prompt)
            save([(number, reply)])

    async def _reply(self, prompt: Chat) -> Reply:
        """Ask one prompt.

        Raises:
            ShoptuneError: no prompt can succeed.
        """
        import openai

        try:
            return _reply_of(await self._complete(prompt))
        except openai.APIStatusError as error:
            if error.status_code in _FATAL:
                raise self._refused(error) from error
            return Reply(failure=f"status {error.status_code}: {self._without_key(_message(error))}")
        except openai.APITimeoutError:
            return Reply(failure=f"no answer within {self._settings.timeout_seconds:g} s")
        except openai.APIConnectionError:
            return Reply(failure="no connection")
        except (openai.OpenAIError, ValueError, TypeError, AttributeError, LookupError):
            return Reply(failure="malformed response")

    async def _complete(self, prompt: Chat) -> ChatCompletion:
        settings = self._settings
        schema = {"name": "answer", "schema": dict(prompt.schema or {}), "strict": settings.strict}
        arguments: dict[str, Any] = {
            "model": self._run.teacher.identity["model"],
            "messages": list(prompt.messages),
            settings.length_key: prompt.max_tokens,
            "temperature": prompt.temperature,
            "response_format": {"type": "json_schema", "json_schema": schema},
        }
        if prompt.temperature:
            arguments["seed"] = prompt.seed
        if settings.chat_template_arguments:
            arguments["extra_body"] = {"chat_template_kwargs": dict(settings.chat_template_arguments)}
        completion: ChatCompletion = await self._connected().chat.completions.create(**arguments)
        return completion

    def _refused(self, error: APIStatusError) -> ShoptuneError:
        what = f"{_FATAL[error.status_code]} (status {error.status_code}: {self._without_key(_message(error))})"
        return fail(self._run.file, "backend.url", what, "correct backend.url, backend.key_variable or --model")

    def _without_key(self, text: str) -> str:
        key = self._settings.api_key
        return text.replace(key, "***") if key else text


def _reply_of(completion: ChatCompletion) -> Reply:
    """Convert a response; raises one of the errors that mean that it is malformed."""
    choice, usage = completion.choices[0], completion.usage
    text = choice.message.content or ""
    tokens = (usage.prompt_tokens, usage.completion_tokens) if usage else (0, 0)
    return Reply(str(text), int(tokens[0]), int(tokens[1]), is_complete=choice.finish_reason != "length")


def _message(error: APIStatusError) -> str:
    body = error.body
    message = body.get("message") if isinstance(body, dict) else None
    return " ".join(str(message or error.message).split())[:_SHOWN]


def _limiter(requests_per_minute: float | None) -> AbstractAsyncContextManager[Any]:
    if requests_per_minute is None:
        return nullcontext()
    from aiolimiter import AsyncLimiter

    return AsyncLimiter(requests_per_minute, _SECONDS_PER_MINUTE)


def _unix_transport(path: str) -> Any:
    import httpx2

    return httpx2.AsyncHTTPTransport(uds=path)

"""The interface of backends: settings that name a teacher, and a session that answers prompts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from shoptune.config import Settings
from shoptune.infer.chats import Chat

Count = Annotated[int, Field(ge=1)]
Amount = Annotated[float, Field(ge=0)]


class Price(Settings):
    """The price of tokens, in any currency.

    Attributes:
        input: per million tokens of prompts.
        output: per million tokens of answers.
    """

    input: Amount = 0.0
    output: Amount = 0.0

    def of(self, prompt_tokens: float, answer_tokens: float) -> float:
        """Return the price of a number of tokens."""
        return (self.input * prompt_tokens + self.output * answer_tokens) / 1e6


@dataclass(frozen=True)
class Teacher:
    """A model, as a backend identifies it.

    Attributes:
        name: for people and for the column `teacher_model`; no path, and no address of a machine.
        identity: everything about the model that decides its answers, as JSON values; a part of each cache key.
        checkpoint: the model's folder, or None if it is behind an endpoint.
    """

    name: str
    identity: Mapping[str, Any]
    checkpoint: Path | None = None


@dataclass(frozen=True)
class Reply:
    """The outcome of one request.

    Attributes:
        text: what the teacher wrote.
        prompt_tokens: the number of tokens in the prompt.
        answer_tokens: the number of generated tokens.
        is_complete: whether the teacher ended the answer itself; False if it reached the maximum length.
        failure: the reason why the request failed for good, or None.
    """

    text: str = ""
    prompt_tokens: int = 0
    answer_tokens: int = 0
    is_complete: bool = True
    failure: str | None = None


# Receives the position of a prompt and its reply, as soon as there is one.
Save = Callable[[Sequence[tuple[int, Reply]]], None]
# Asks prompts, in any order, and returns when each has its reply.
Ask = Callable[[Sequence[Chat], Save], None]


@dataclass(frozen=True)
class Run:
    """The facts about a run that a session needs.

    Attributes:
        file: the recipe, for errors.
        teacher: the model to ask.
        log: a file for the output of libraries.
        local_only: whether prompts must not leave this machine.
    """

    file: Path
    teacher: Teacher
    log: Path
    local_only: bool = False


class Backend(Settings):
    """Base class for the settings of a backend; a subclass in `shoptune.teach.backends` names itself in `kind`.

    Attributes:
        kind: the name of the backend.
        price: the price of tokens; 0 by default.
        records_at_once: the number of records whose prompts are asked together.
    """

    kind: str
    price: Price = Price()
    records_at_once: ClassVar[int] = 1000

    def template_arguments(self) -> Mapping[str, Any]:
        """Return the arguments for the chat template, such as Qwen3's `enable_thinking`."""
        return {}

    def require(self, file: Path) -> None:
        """Check that the backend can be used now; called before any work, but not for `--dry-run`.

        Raises:
            ShoptuneError: something is missing.
        """

    @abstractmethod
    def teacher(self, model: str | None, file: Path) -> Teacher:
        """Find a model, without asking it anything.

        Args:
            model: the folder, Hub id or name given by the user.
            file: the recipe, for errors.

        Raises:
            ShoptuneError: there is no such model, or this machine cannot ask it.
        """

    @abstractmethod
    def refuse_remote(self, file: Path) -> None:
        """Check that prompts stay on this machine.

        Raises:
            ShoptuneError: they would be sent to another one.
        """

    @abstractmethod
    def session(self, run: Run) -> AbstractContextManager[Ask]:
        """Return a context in which prompts can be asked; models and connections start with the first prompt."""

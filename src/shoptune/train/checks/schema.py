"""Axolotl's own validation of a training config, with its checks for GPUs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from shoptune.config import file_of
from shoptune.errors import Problem
from shoptune.train.checks.fake_cuda import pretend

if TYPE_CHECKING:
    from shoptune.train.config import TrainConfig
    from shoptune.train.machine import Machine

# Axolotl warnings that need no action.
_HARMLESS = (
    "Auto-enabling LoRA kernel optimizations",  # fine on a GPU; refused on a CPU by checks.machine
    "deprecated",
)


def validate(config: TrainConfig, values: dict[str, Any], machine: Machine) -> tuple[Any, list[Problem]]:
    """Axolotl's verdict on a config as if on a machine: the completed config, or None, and what it objects to.

    Axolotl's warnings count as problems: they are about settings that train, but badly.

    Args:
        config: for the problems.
        values: what axolotl would be given.
        machine: where it would be run.
    """
    import axolotl.integrations.base  # noqa: F401 - before the pretence: bitsandbytes asks for GPUs when it is imported
    from axolotl.cli.config import gpu_capabilities, prepare_plugins
    from axolotl.utils.config import validate_config
    from axolotl.utils.dict import DictDefault
    from pydantic import ValidationError

    given = DictDefault(values)
    prepare_plugins(given)
    warnings = _Warnings()
    logger = logging.getLogger("axolotl")
    logger.addHandler(warnings)
    checked: Any = None
    problems: list[Problem] = []
    try:
        with pretend(machine):
            checked = validate_config(given, *gpu_capabilities())
    except ValidationError as error:
        problems = [_problem(config, dict(details)) for details in error.errors(include_url=False)]
    except (ValueError, NotImplementedError, ImportError, TypeError, OSError) as error:
        problems = [Problem(config.file, "", f"axolotl refuses it for {machine.name}: {error}", "correct the config")]
    finally:
        logger.removeHandler(warnings)
    return checked, [*problems, *_warned(config, warnings.messages, machine)]


def _problem(config: TrainConfig, details: dict[str, Any]) -> Problem:
    location = [part for part in details["loc"] if not (isinstance(part, str) and not part.isidentifier())]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")
    message = str(details["msg"]).removeprefix("Value error, ")
    given = details.get("input")
    shown = f" (got {given!r})" if location and isinstance(given, str | int | float | bool) else ""
    return Problem(file_of(config.file, location), where, f"{message}{shown}", "correct the value")


def _warned(config: TrainConfig, messages: list[str], machine: Machine) -> Iterator[Problem]:
    for message in dict.fromkeys(messages):
        if not any(text in message for text in _HARMLESS):
            yield Problem(config.file, "", f"axolotl warns on {machine.name}: {message}", _remedy(message, machine))


def _remedy(message: str, machine: Machine) -> str:
    if "sdpa" in message:
        return f"set attn_implementation: {machine.attention()[0]}, or remove it"
    return "change the setting it names"


class _Warnings(logging.Handler):
    """Collects what is logged as a warning or worse."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())

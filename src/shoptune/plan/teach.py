"""Plan a teacher: the calls, tokens and hours that its tables take for the mixture v8, or for a number of records."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shoptune.config.shipped import shipped_root
from shoptune.data.mixture import load_mixture
from shoptune.data.recipe import RECIPES, load_tasks
from shoptune.errors import fail
from shoptune.plan.estimate import Estimate, Setting
from shoptune.plan.infer import Weights, default_weights, load_of, plan_infer
from shoptune.plan.roofline import Engine, engine
from shoptune.plan.tracks import TEMPLATE_TOKENS, TRACKS, question_assumptions
from shoptune.shopbench.vocabulary import TaskType, Track
from shoptune.teach.backend import Price
from shoptune.teach.checkpoint_backend import CheckpointBackend

if TYPE_CHECKING:
    from shoptune.teach.config import TeacherRecipe

_BYTES_PER_TOKEN: Final = 4
_SEQUENCES: Final = 256  # vLLM's default of max_num_seqs
_TITLE, _CATEGORIES, _REVIEW = 24, 20, 70  # mean tokens; titles and reviews are measured on 1,113 and 2,501 samples
_SAMPLED: Final = 400_000  # the most products or reviews that the recipes of Reviews 2023 look at
_TYPES: Final = 10_000  # product types with at least three products; not measured
_PHRASING: Final = 50  # tokens
_SEEDS: Final = 8  # phrasings of a task
_OTHER_NAMES: Final = 200  # tokens of the list of other types
_TEMPLATE_CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


@dataclass(frozen=True)
class Records:
    """The records that a teacher is asked about.

    Attributes:
        count: the number of records.
        tokens: the mean tokens of a record's text.
        why: where the numbers come from.
    """

    count: int
    tokens: int
    why: str


def records_of_v8(table: str) -> Records | None:
    """The records of a shipped recipe's table for the mixture v8; None for other tables."""
    plan = load_mixture(shipped_root() / RECIPES / "mixtures" / "v8.yaml")
    rows, tasks = plan.mixture.tasks, plan.tasks
    reasoned = sum(
        count
        for name, count in rows.items()
        if tasks[name].recipe.kind is TaskType.MULTIPLE_CHOICE and tasks[name].recipe.track is Track.REASONING
    )
    all_rows, mean = sum(rows.values()), TRACKS[5].tokens
    wordings = sum(1 + len(task.recipe.translations) for task in load_tasks(shipped_root() / RECIPES).values())
    sampled = f"a sample of {_SAMPLED:,}"
    types = f"{_TYPES:,} product types"
    return {
        "product_types": Records(_SAMPLED, _TITLE + _CATEGORIES, f"{sampled} products of Reviews 2023"),
        "review_aspects": Records(_SAMPLED, _REVIEW, f"{sampled} reviews of Reviews 2023"),
        "phrasings": Records(wordings, _SEEDS * _PHRASING, "every task and language of the recipes"),
        "rationales": Records(reasoned, TRACKS[2].tokens, "v8's multiple-choice rows of the reasoning track"),
        "concepts": Records(_TYPES, 3 * _TITLE, f"{types}, with three titles each"),
        "normalization": Records(_TYPES, _OTHER_NAMES, types),
        "judge": Records(all_rows, mean, "all rows of v8"),
    }.get(table)


def plan_teach(setting: Setting, recipe: TeacherRecipe, weights: Weights | None, count: int | None) -> Estimate:
    """Estimate a run of `shoptune teach`: every answer has as many tokens as it may have, and none is cached.

    Args:
        setting: the teacher and the machine.
        recipe: the recipe.
        weights: the format of the weights, or None for the profile's.
        count: the number of records, or None for those of v8.

    Raises:
        ShoptuneError: the number of records is unknown.
    """
    records = _records(setting, recipe, count)
    prompt = instruction_tokens(recipe) + records.tokens
    calls = records.count * recipe.sampling.samples
    price = recipe.backend.price
    figures: dict[str, Any] = {
        "calls": calls,
        "prompt_tokens": calls * prompt,
        "answer_tokens_at_most": calls * recipe.sampling.max_tokens,
    }
    if price != Price():
        figures["cost_at_most"] = round(price.of(figures["prompt_tokens"], figures["answer_tokens_at_most"]), 2)
    assumptions = [
        f"{records.count:,} records: {records.why}",
        f"prompts of {prompt} tokens, of which {records.tokens} are the record's ({_BYTES_PER_TOKEN} bytes per token)",
        f"answers of {recipe.sampling.max_tokens} tokens, the most that the recipe allows; no answer is cached",
    ]
    if isinstance(recipe.backend, CheckpointBackend):
        asking = Asking(calls, prompt, recipe.sampling.max_tokens)
        return _on_machine(setting, recipe.backend, weights, asking, Estimate("teach", [], None, figures, assumptions))
    rate = getattr(recipe.backend, "requests_per_minute", None)
    return Estimate("teach", [], calls / rate * 60 if rate else None, figures, assumptions)


def instruction_tokens(recipe: TeacherRecipe) -> int:
    """Tokens of a prompt without its record: the instructions, and the chat template."""
    text = recipe.system + _TEMPLATE_CODE.sub("", recipe.prompt)
    return -(-len(text.encode()) // _BYTES_PER_TOKEN) + TEMPLATE_TOKENS


@dataclass(frozen=True)
class Asking:
    """Calls of equal length.

    Attributes:
        calls: the number of prompts.
        prompt: the tokens of each.
        answer: the tokens of each answer.
    """

    calls: int
    prompt: int
    answer: int

    def seconds(self, computing: Engine, together: int) -> float:
        """Return the seconds that one engine takes to answer all calls, `together` at a time."""
        prefill = computing.prefill_seconds(together * self.prompt)
        batch = prefill + (self.answer - 1) * computing.decode_seconds(together)  # the prefill yields the first token
        return self.calls / together * batch


def _records(setting: Setting, recipe: TeacherRecipe, count: int | None) -> Records:
    known = records_of_v8(recipe.table)
    if count is not None:
        return Records(count, known.tokens if known else _REVIEW, "as given with --records")
    if known is None:
        what = f"the number of records of the table '{recipe.table}' is unknown"
        raise fail(setting.file, "records", what, "pass it with --records N")
    return known


def _on_machine(
    setting: Setting, backend: CheckpointBackend, weights: Weights | None, asking: Asking, estimate: Estimate
) -> Estimate:
    """Add the memory and the hours of the engines that answer on a machine."""
    profile = backend.settings()
    format_ = weights or default_weights(profile)
    answering = plan_infer(setting, profile, format_)
    load = load_of(setting, profile, format_)
    computing = engine(load.shape, load.weight_bytes, setting.machine, load.parallel)
    fits = int(answering.figures["kv_tokens"]) // (asking.prompt + asking.answer)
    together = max(1, min(profile.engine.max_num_seqs or _SEQUENCES, fits, asking.calls))
    replicas, gpus = _replicas(setting, backend, load.parallel), len(setting.machine.gpus)
    figures = {**estimate.figures, "replicas": replicas, "answered_together": together}
    seconds = None
    if computing.is_known:
        seconds = asking.seconds(computing, together) / replicas
        figures |= {"gpu_hours": round(seconds * replicas * load.parallel / 3600, 1)} if gpus else {}
    mine = (f"{replicas} engines, {together} prompts at a time each; no prompt is shortened by the prefix cache",)
    assumptions = [*estimate.assumptions, *mine, *_but_tracks(answering.assumptions)]
    return dataclasses.replace(
        answering, stage="teach", seconds=seconds, figures=figures, assumptions=assumptions, notes=answering.notes
    )


def _replicas(setting: Setting, backend: CheckpointBackend, parallel: int) -> int:
    """The number of engines: as the backend says, or as many as there are GPUs for if it is a pool."""
    if not hasattr(backend, "replicas"):
        return 1
    return backend.replicas or max(1, len(setting.machine.gpus) // parallel)


def _but_tracks(sentences: Sequence[str]) -> Iterator[str]:
    """Leave out the assumptions about the challenge's tracks."""
    tracks = set(question_assumptions())
    yield from (sentence for sentence in sentences if sentence not in tracks)

"""Ask about all records: look up saved answers, ask what is missing, write rows."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shoptune.errors import ShoptuneError, fail
from shoptune.infer.chats import Chat
from shoptune.runtime.progress import Bar, bar, say
from shoptune.teach.backend import Ask, Reply, Run, Teacher
from shoptune.teach.cache import AnswerCache
from shoptune.teach.config import TeacherRecipe
from shoptune.teach.files import CALLS, TableWriter, Totals, table_schema, write_summary
from shoptune.teach.records import Records, Tables, open_records
from shoptune.teach.requests import Request, Requests, different
from shoptune.teach.rows import RowMaker

_LOG = "teacher.log"
_FEWEST_FAILED = 3  # so many failures stop a run only if nothing is answered


@dataclass(frozen=True)
class Job:
    """A recipe with its teacher and its records.

    Attributes:
        file: the recipe's file.
        recipe: the recipe.
        teacher: the model to ask.
        tables: where the records come from.
        cache: the folder of saved answers.
        limit: the most records to ask about, or None.
        local_only: whether prompts must not leave this machine.
    """

    file: Path
    recipe: TeacherRecipe
    teacher: Teacher
    tables: Tables
    cache: Path
    limit: int | None = None
    local_only: bool = False


@dataclass
class Calls:
    """The requests of this run.

    Attributes:
        asked: the requests that were answered.
        cached: the different prompts whose answers were saved before.
        failed: the requests that failed for good, by reason.
        prompt_tokens: the tokens of the prompts that were answered.
        answer_tokens: the tokens of the answers.
    """

    asked: int = 0
    cached: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    answer_tokens: int = 0


def ask_about_records(job: Job, directory: Path) -> None:
    """Write the table of a job, asking only what has not been asked before.

    Raises:
        ShoptuneError: a query fails, the teacher cannot be used, or too many requests failed. Answers that were
            received until then are saved.
    """
    since, calls, totals = time.monotonic(), Calls(), Totals()
    run = Run(job.file, job.teacher, directory / _LOG, job.local_only)
    rows, backend = RowMaker(job.recipe, job.teacher), job.recipe.backend
    with (
        AnswerCache(job.cache) as cache,
        open_records(job.recipe, job.file, job.tables) as records,
        TableWriter(directory, table_schema(job.recipe, records.key_types())) as writer,
        bar("teach", records.count(job.limit)) as progress,
        backend.session(run) as ask,
    ):
        for requests in request_batches(job, records):
            asking = _Asking(job, cache, calls, totals, progress)
            replies = asking.replies(different(requests), ask)
            outcomes = []
            for request in requests:
                own = {key: replies[key] for key in request.prompts}
                outcomes.append(rows.outcome(request, list(own.values())))
                totals.add(outcomes[-1], own)
            writer.write(outcomes)
            progress.advance(len(requests) - asking.received / job.recipe.sampling.samples)
    if calls.failed and not calls.asked:
        raise _too_many_failed(job, calls)
    write_summary(directory, job.recipe, job.file, job.teacher, totals)
    _write_calls(directory, job, calls, time.monotonic() - since)
    say(f"teach: {calls.asked} prompts asked, {calls.cached} answered from the cache")


def request_batches(job: Job, records: Records) -> Iterator[list[Request]]:
    """Yield the requests of a job, as many records at a time as the backend takes together."""
    requests = Requests(job.recipe, job.file, job.teacher)
    for batch in records.batches(job.recipe.backend.records_at_once, job.limit):
        yield [requests.of(record) for record in batch]


@dataclass
class _Asking:
    """Asks the prompts of one batch of records that have no saved answer, and saves each reply when it arrives."""

    job: Job
    cache: AnswerCache
    calls: Calls
    totals: Totals
    progress: Bar
    received: int = 0

    def replies(self, prompts: Mapping[str, Chat], ask: Ask) -> dict[str, Reply]:
        """Return the reply to each prompt, by cache key."""
        found = self.cache.find(prompts)
        self.calls.cached += len(found.keys() - self.totals.prompts)
        missing = [key for key in prompts if key not in found]
        failed: dict[str, Reply] = {}

        def save(replies: Sequence[tuple[int, Reply]]) -> None:
            by_key = [(missing[number], _storable(reply)) for number, reply in replies]
            self.cache.add(self.job.teacher, by_key)
            self.received += len(by_key)
            self.progress.advance(len(by_key) / self.job.recipe.sampling.samples)
            for key, reply in by_key:
                self._count(reply)
                if reply.failure is not None:
                    failed[key] = reply
            self._stop_if_too_many_failed(len(missing))

        if missing:
            ask([prompts[key] for key in missing], save)
        return found | self.cache.find(missing) | failed

    def _count(self, reply: Reply) -> None:
        if reply.failure is not None:
            self.calls.failed[reply.failure] += 1
            return
        self.calls.asked += 1
        self.calls.prompt_tokens += reply.prompt_tokens
        self.calls.answer_tokens += reply.answer_tokens

    def _stop_if_too_many_failed(self, in_batch: int) -> None:
        """Stop the run if more than the allowed share of all requests so far, or of this batch, has failed."""
        failed = self.calls.failed.total()
        share = self.job.recipe.max_failed
        if failed > max(_FEWEST_FAILED, share * max(in_batch, self.calls.asked + failed)):
            raise _too_many_failed(self.job, self.calls)


def _too_many_failed(job: Job, calls: Calls) -> ShoptuneError:
    reason, _ = calls.failed.most_common(1)[0]
    what = f"{calls.failed.total()} requests failed, most of them: {reason}"
    remedy = f"correct the cause and run the same command; {calls.asked} answers are saved"
    return fail(job.file, "backend", what, remedy)


def _storable(reply: Reply) -> Reply:
    """Replace what is not a character, such as half a surrogate pair, in a reply's text."""
    text = reply.text.encode("utf-8", "replace").decode()
    return Reply(text, reply.prompt_tokens, reply.answer_tokens, reply.is_complete, reply.failure)


def _write_calls(directory: Path, job: Job, calls: Calls, seconds: float) -> None:
    """Write calls.json: what this run asked and paid."""
    content = {
        "asked": calls.asked,
        "cached": calls.cached,
        "failed": dict(sorted(calls.failed.items())),
        "tokens": {"prompts": calls.prompt_tokens, "answers": calls.answer_tokens},
        "cost": job.recipe.backend.price.of(calls.prompt_tokens, calls.answer_tokens),
        "seconds": round(seconds, 3),
    }
    (directory / CALLS).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

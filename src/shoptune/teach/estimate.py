"""Estimate what a run would ask and cost, for `--dry-run`: nothing is asked or written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shoptune.checkpoints.hub import local_folder
from shoptune.shopbench.chat import Message
from shoptune.shopbench.chat_template import render
from shoptune.teach.backend import Price
from shoptune.teach.cache import AnswerCache
from shoptune.teach.records import open_records
from shoptune.teach.requests import count_tokens
from shoptune.teach.run import Job, request_batches

_BYTES_PER_TOKEN = 4
_TOKENIZER_FILES = ("tokenizer*", "chat_template*", "special_tokens_map.json")


@dataclass(frozen=True)
class Estimate:
    """The calls that a run would make.

    Attributes:
        records: the number of records.
        prompts: the number of different prompts.
        cached: how many of them have a saved answer.
        prompt_tokens: the tokens of the prompts that would be asked.
        answer_tokens: the most tokens that their answers can have.
        is_exact: whether the tokens of prompts were counted with a tokenizer.
    """

    records: int
    prompts: int
    cached: int
    prompt_tokens: int
    answer_tokens: int
    is_exact: bool

    @property
    def calls(self) -> int:
        """The number of prompts that would be asked."""
        return self.prompts - self.cached

    def lines(self, price: Price) -> Iterator[str]:
        """Yield the lines that `--dry-run` prints."""
        yield f"  {self.records} records, {self.prompts} different prompts: {self.cached} answered from the cache"
        how = "counted with the tokenizer" if self.is_exact else f"estimated at {_BYTES_PER_TOKEN} bytes per token"
        yield f"  would ask {self.calls} prompts: {self.prompt_tokens} tokens ({how})"
        yield f"  answers: at most {self.answer_tokens} tokens"
        if price != Price():
            cost = price.of(self.prompt_tokens, self.answer_tokens)
            yield f"  cost: at most {cost:.4g}, at {price.input:g} and {price.output:g} per million tokens"


def estimate(job: Job, tokenizer: str | None = None) -> Estimate:
    """Count the calls of a job and their tokens.

    Args:
        job: the job.
        tokenizer: folder or Hub id of a tokenizer for a teacher behind an endpoint.

    Raises:
        ShoptuneError: a query fails, or there is no such tokenizer.
    """
    folder = job.teacher.checkpoint
    if folder is None and tokenizer:
        folder = local_folder(tokenizer, _TOKENIZER_FILES, "model", file=job.file, key="--tokenizer")
    records = cached = prompt_tokens = 0
    prompts: set[str] = set()
    with AnswerCache(job.cache, read_only=True) as cache, open_records(job.recipe, job.file, job.tables) as opened:
        for batch in request_batches(job, opened):
            records += len(batch)
            new = {key: prompt for each in batch for key, prompt in each.prompts.items() if key not in prompts}
            found = cache.find(new)
            prompts |= new.keys()
            cached += len(found)
            prompt_tokens += sum(_tokens(new[key].messages, folder, job) for key in new if key not in found)
    most = (len(prompts) - cached) * job.recipe.sampling.max_tokens
    return Estimate(records, len(prompts), cached, prompt_tokens, most, folder is not None)


def _tokens(messages: Sequence[Message], folder: Path | None, job: Job) -> int:
    if folder is None:
        size = sum(len(message["content"].encode()) for message in messages)
        return -(-size // _BYTES_PER_TOKEN)
    return count_tokens(folder, render(messages, folder, job.recipe.backend.template_arguments()))

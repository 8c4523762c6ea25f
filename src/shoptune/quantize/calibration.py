"""The calibration set: samples rendered like the prompts at inference, packed into blocks of equal length."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shoptune.errors import fail
from shoptune.quantize.config import Calibration
from shoptune.shopbench.chat import Message, chat
from shoptune.shopbench.chat_tokenizer import ChatTokenizer
from shoptune.shopbench.questions import load_asked


@dataclass(frozen=True)
class Sample:
    """A rendered chat for calibration, and its task type."""

    task_type: str
    messages: Sequence[Message]


@dataclass(frozen=True)
class CalibrationSet:
    """The calibration tokens, with statistics of the samples they come from.

    Attributes:
        blocks: the token ids, in blocks of equal length.
        samples: the number of questions or rows used.
        left_out: the number of questions or rows not used because of `max_samples`.
        repeated_tokens: the number of tokens repeated from the beginning to fill the last block.
        tokens: the number of tokens per task type, not counting repeated ones.
        cut: the number of tokens cut off because of `max_sample_length`.
    """

    blocks: list[list[int]]
    samples: int
    left_out: int
    repeated_tokens: int
    tokens: Mapping[str, int]
    cut: int = 0

    def summary(self) -> dict[str, object]:
        """Return the statistics for quantize_report.json."""
        return {
            "samples": self.samples,
            "left_out": self.left_out,
            "blocks": len(self.blocks),
            "block_length": len(self.blocks[0]),
            "repeated_tokens": self.repeated_tokens,
            "cut_tokens": self.cut,
            "tokens_by_task_type": dict(self.tokens),
        }


def calibration_set(settings: Calibration, tokenizer: ChatTokenizer) -> CalibrationSet:
    """Choose, render, tokenize and pack the calibration samples.

    Args:
        settings: the source and the number of samples, and the length of the blocks.
        tokenizer: the checkpoint's tokenizer, whose chat template renders the samples.

    Raises:
        ShoptuneError: the samples cannot be read, or are shorter than one block in total.
    """
    samples, cut = read_samples(settings, tokenizer.control_tokens), 0

    def encode(sample: Sample) -> list[int]:
        nonlocal cut
        ids = tokenizer.encode(tokenizer.render(sample.messages))
        kept = ids[: settings.max_sample_length]
        cut += len(ids) - len(kept)
        return kept

    chosen = balance(samples, settings.max_samples, encode)
    tokens = dict.fromkeys(sorted({sample.task_type for sample in samples}), 0)
    for task_type, ids in chosen:
        tokens[task_type] += len(ids)
    total = sum(tokens.values())
    if total < settings.max_length:
        what = f"{len(chosen)} samples have {total} tokens, less than one block of {settings.max_length}"
        (source,) = settings.inputs.values()
        raise fail(source, "", what, "provide more samples, or lower calibration.max_length")
    blocks = pack((ids for _, ids in chosen), settings.max_length)
    repeated = len(blocks) * settings.max_length - total
    return CalibrationSet(blocks, len(chosen), len(samples) - len(chosen), repeated, tokens, cut)


def read_samples(settings: Calibration, control_tokens: tuple[str, ...]) -> list[Sample]:
    """Read questions (rendered as prompts) or rows (rendered with their answers), in the order of the file.

    Args:
        settings: the file or folder to read.
        control_tokens: the checkpoint's special tokens, which are neutralized in the text of questions.

    Raises:
        ShoptuneError: the file is missing or malformed.
    """
    if settings.questions is not None:
        questions = load_asked(Path(settings.questions))
        chats = [chat(q.input_field, q.task_type, control_tokens=control_tokens) for q in questions]
        return [Sample(q.task_type.value, messages) for q, messages in zip(questions, chats, strict=True)]
    return _read_rows(Path(settings.rows or ""))


def _read_rows(path: Path) -> list[Sample]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = sorted(path.glob("train-*.parquet")) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        remedy = "choose a folder written by `shoptune data build`, or a Parquet file"
        raise fail(path, "", "contains no Parquet files of rows", remedy)
    samples = []
    for file in files:
        try:
            table = pq.read_table(file, columns=["task_type", "messages"])
        except (pa.ArrowInvalid, KeyError) as error:
            raise fail(file, "", f"is not a file of rows ({error})", "build it with `shoptune data build`") from error
        samples += [Sample(row["task_type"], row["messages"]) for row in table.to_pylist()]
    return samples


def balance(
    samples: Iterable[Sample], count: int, encode: Callable[[Sample], list[int]]
) -> list[tuple[str, list[int]]]:
    """Choose samples such that all task types get about the same number of tokens.

    At each step, the next sample is taken from the task type with the fewest tokens so far that has samples left. If a
    task type runs out of samples, it ends up with fewer tokens and the others fill up the `count`.

    Returns:
        The task type and the token ids of each chosen sample, in the order in which they were chosen.
    """
    waiting: dict[str, deque[Sample]] = {}
    for sample in samples:
        waiting.setdefault(sample.task_type, deque()).append(sample)
    tokens = dict.fromkeys(waiting, 0)
    chosen: list[tuple[str, list[int]]] = []
    while waiting and len(chosen) < count:
        task_type = min(waiting, key=tokens.__getitem__)  # ties go to the task type that comes first in the file
        ids = encode(waiting[task_type].popleft())
        chosen.append((task_type, ids))
        tokens[task_type] += len(ids)
        if not waiting[task_type]:
            del waiting[task_type]
    return chosen


def pack(samples: Iterable[Sequence[int]], length: int) -> list[list[int]]:
    """Concatenate samples and cut them into blocks. The last block is filled with tokens from the beginning.

    Args:
        samples: token ids, at least `length` in total.
        length: the number of tokens per block.
    """
    ids = [token for sample in samples for token in sample]
    count = -(-len(ids) // length)
    ids += ids[: count * length - len(ids)]
    return [ids[start : start + length] for start in range(0, len(ids), length)]

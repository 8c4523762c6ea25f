"""Whether rows train what they should: the answer and the token that ends it, and nothing of the prompt."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptune.checkpoints.checkpoint import read_json
from shoptune.errors import Problem
from shoptune.train.row_files import with_files

if TYPE_CHECKING:
    from shoptune.train.checks.report import Report
    from shoptune.train.config import TrainConfig

_ROWS = 200
_IGNORED = -100  # the label that torch's cross entropy leaves out


def check_rows(
    config: TrainConfig, checked: Any, tokenizer_folder: Path | None, model: Path | None, report: Report
) -> None:
    """Tokenize up to 200 rows of each set as axolotl would, and look at what they train.

    Args:
        config: names the rows.
        checked: the config as axolotl completed it.
        tokenizer_folder: where the tokenizer is; None when it is not on this machine.
        model: a folder with the model's `config.json`; None when its shapes are not known.
        report: receives problems, the number of rows checked, and what could not be checked.
    """
    missing = [f"rows: {problem.what}" for problem in config.missing_rows()]
    missing = missing or [f"rows: '{path}' is not on this machine" for path in config.hub_rows()]
    if missing or tokenizer_folder is None:
        report.unchecked += missing
        if tokenizer_folder is None:
            report.unchecked.append(f"the tokenizer of '{config.base_model}' is not on this machine")
        return
    from axolotl.loaders import load_tokenizer
    from axolotl.prompt_strategies import load
    from axolotl.utils.dict import DictDefault

    tokenizer = load_tokenizer(DictDefault({**checked, "tokenizer_config": str(tokenizer_folder)}))
    if model is not None and config.axolotl.get("adapter"):
        report.problems += _new_tokens(config, len(tokenizer), read_json(model / "config.json").get("vocab_size"))
    for number, entry in enumerate(config.axolotl["datasets"]):
        where = f"datasets[{number}]"
        rows = list(itertools.islice(_rows(entry), _ROWS))
        if not rows:
            what = f"'{entry['path']}' contains no rows"
            report.problems.append(Problem(config.file, where, what, "build the rows: shoptune data build"))
            continue
        if entry.get("type") != "chat_template":
            report.unchecked.append(f"{where}: rows of type '{entry.get('type')}'; only chat_template is understood")
            continue
        strategy = load(entry["type"], tokenizer, checked, DictDefault(checked["datasets"][number]))
        _check_set(config, where, [(row, strategy.tokenize_prompt(row)) for row in rows], tokenizer, report)


def _new_tokens(config: TrainConfig, tokens: int, vocabulary: Any) -> Iterator[Problem]:
    """A problem if axolotl would add tokens, for which it resizes the base's embeddings."""
    if isinstance(vocabulary, int) and tokens > vocabulary:
        what = f"axolotl's tokenizer has {tokens} tokens, and the base {vocabulary}; an adapter of the resized base"
        remedy = "add the tokens to the base and its tokenizer first"
        yield Problem(config.file, "base_model", f"{what} cannot be merged into it", remedy)


def _check_set(config: TrainConfig, where: str, rows: list[tuple[Any, Any]], tokenizer: Any, report: Report) -> None:
    entry = config.axolotl["datasets"][int(where.removeprefix("datasets[").removesuffix("]"))]
    field, limit = entry.get("field_messages") or "messages", config.axolotl.get("sequence_len")
    long = 0
    for number, (row, tokens) in enumerate(rows):
        problem = _problem(row[field], tokens, tokenizer)
        if problem:
            place = f"{where}: row {number}"
            report.problems.append(
                Problem(config.file, place, problem, "set roles_to_train, train_on_eos, chat_template")
            )
            return
        long += bool(limit and len(tokens["input_ids"]) > limit)
    text = f"{where}: {len(rows)} rows train their answer and the end-of-turn token, and nothing of the prompt"
    if long == len(rows):
        what = f"all of the first {long} rows are longer than sequence_len: {limit} tokens"
        report.problems.append(Problem(config.file, where, what, "raise sequence_len, or build shorter rows"))
        return
    report.notes.append(text)
    if long:
        report.notes.append(f"{where}: {long} of {len(rows)} rows are longer than {limit} tokens; axolotl drops them")


def _problem(messages: list[Mapping[str, str]], tokens: Mapping[str, list[int]], tokenizer: Any) -> str:
    """Return the problem of a tokenized row, or an empty string."""
    labels = tokens["labels"]
    trained = [position for position, label in enumerate(labels) if label != _IGNORED]
    answers = [message["content"] for message in messages if message["role"] == "assistant"]
    if not trained:
        return "no token of it is trained"
    if tokenizer.eos_token_id not in {labels[position] for position in trained}:
        return f"the end-of-turn token {tokenizer.eos_token} is not trained: the model would not learn to stop"
    ends = {tokenizer.eos_token_id}
    learned = tokenizer.decode([labels[position] for position in trained if labels[position] not in ends])
    if not learned.strip():
        return "only the end-of-turn token is trained, not the answer"
    if "".join(learned.split()) != "".join("".join(answers).split()):
        return f"what is trained is not the answer: {learned[:60]!r} for {answers[-1][:60]!r}"
    return ""


def _rows(entry: Mapping[str, Any]) -> Iterator[Any]:
    files = with_files(entry).get("data_files") or [entry["path"]]
    kind = entry.get("ds_type") or "json"
    for file in map(Path, files):
        if kind == "parquet" and file.is_file():
            yield from _parquet_rows(file)
        else:
            from datasets import load_dataset

            source = {"data_dir": str(file)} if file.is_dir() else {"data_files": str(file)}
            yield from load_dataset(kind, split="train", streaming=True, **source)


def _parquet_rows(file: Path) -> Iterator[Any]:
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(file).iter_batches(batch_size=_ROWS):
        yield from batch.to_pylist()

"""The calibration set is rendered like prompts and balanced by tokens, and samples left out are counted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.errors import ShoptuneError
from shoptune.quantize.calibration import Sample, balance, calibration_set, pack
from shoptune.quantize.config import Calibration
from shoptune.shopbench.chat import Message, chat
from shoptune.shopbench.chat_template import render
from shoptune.shopbench.questions import load_questions
from shoptune.shopbench.rows import Row, to_table


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    template = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}>"
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": template}))
    return tmp_path


@pytest.fixture
def questions(examples: Path) -> Path:
    return examples / "questions" / "development.json"


class Characters:
    """A tokenizer of single characters."""

    control_tokens: tuple[str, ...] = ()

    def __init__(self, checkpoint: Path) -> None:
        self._checkpoint = checkpoint

    def encode(self, text: str) -> list[int]:
        return [ord(character) for character in text]

    def render(self, messages: Sequence[Message]) -> str:
        return render(messages, self._checkpoint)


def test_every_prompt_goes_in_whole(checkpoint: Path, questions: Path) -> None:
    made = calibration_set(
        Calibration(questions=str(questions), max_samples=10**6, max_length=300), Characters(checkpoint)
    )
    asked = load_questions(questions)
    prompts = {render(chat(question.input_field, question.task_type), checkpoint) for question in asked}
    text = "".join(chr(token) for block in made.blocks for token in block)
    assert all(prompt in text for prompt in prompts)  # also those longer than a block
    assert max(map(len, prompts)) > 300
    assert (made.samples, made.left_out) == (len(asked), 0)
    assert {len(block) for block in made.blocks} == {300}
    by_type = Counter[str]()
    for question in asked:
        by_type[question.task_type.value] += len(render(chat(question.input_field, question.task_type), checkpoint))
    assert made.tokens == by_type
    assert made.summary()["tokens_by_task_type"] == by_type
    assert made.repeated_tokens == -by_type.total() % 300


def test_few_samples_are_balanced_by_tokens_and_the_rest_is_counted(checkpoint: Path, questions: Path) -> None:
    settings = Calibration(questions=str(questions), max_samples=40, max_length=300)
    made = calibration_set(settings, Characters(checkpoint))
    asked = load_questions(questions)
    longest = max(len(render(chat(q.input_field, q.task_type), checkpoint)) for q in asked)
    assert (made.samples, made.left_out) == (40, len(asked) - 40)
    assert max(made.tokens.values()) - min(made.tokens.values()) <= longest


def test_long_samples_are_cut_and_what_is_cut_is_counted(checkpoint: Path, questions: Path) -> None:
    whole, cut = (
        calibration_set(
            Calibration(questions=str(questions), max_samples=1000, max_length=50, max_sample_length=limit),
            Characters(checkpoint),
        )
        for limit in (None, 100)
    )
    assert sum(cut.tokens.values()) + cut.cut == sum(whole.tokens.values())
    assert cut.summary()["cut_tokens"] == cut.cut > 0
    assert whole.cut == 0
    assert sum(cut.tokens.values()) <= 100 * cut.samples


def test_rows_are_rendered_with_their_answers(checkpoint: Path, questions: Path, tmp_path: Path) -> None:
    rows = [Row(question, "test", "en") for question in load_questions(questions)]
    folder = tmp_path / "rows"
    folder.mkdir()
    pq.write_table(to_table(rows[:20]), folder / "train-00000-of-00002.parquet")
    pq.write_table(to_table(rows[20:30]), folder / "train-00001-of-00002.parquet")
    made = calibration_set(Calibration(rows=str(folder), max_length=300), Characters(checkpoint))
    text = "".join(chr(token) for block in made.blocks for token in block)
    assert made.samples == 30
    messages = to_table(rows[:30]).column("messages").to_pylist()
    assert all(render(turns, checkpoint) in text for turns in messages)
    assert {turns[-1]["role"] for turns in messages} == {"assistant"}
    one_file = Calibration(rows=str(folder / "train-00001-of-00002.parquet"), max_length=300)
    assert calibration_set(one_file, Characters(checkpoint)).samples == 10


def test_less_than_one_block_is_an_error(checkpoint: Path, questions: Path) -> None:
    settings = Calibration(questions=str(questions), max_samples=3, max_length=5000)
    with pytest.raises(ShoptuneError, match=r"3 samples have .* tokens, less than one block of 5000; provide more"):
        calibration_set(settings, Characters(checkpoint))


def test_a_file_that_is_not_rows_is_an_error(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ShoptuneError, match="contains no Parquet files of rows; choose a folder written by `shoptune data build`"
    ):
        calibration_set(Calibration(rows=str(tmp_path)), Characters(checkpoint))
    (tmp_path / "x.parquet").write_text("not Parquet")
    with pytest.raises(ShoptuneError, match="is not a file of rows"):
        calibration_set(Calibration(rows=str(tmp_path / "x.parquet")), Characters(checkpoint))


def test_packing_by_hand() -> None:
    assert pack([[1, 2, 3], [4, 5, 6, 7]], 3) == [[1, 2, 3], [4, 5, 6], [7, 1, 2]]
    assert pack([[1, 2], [3, 4]], 2) == [[1, 2], [3, 4]]


@given(st.lists(st.lists(st.integers(0, 9), max_size=7), max_size=9), st.integers(1, 5))
def test_packing_keeps_every_token_in_order(samples: list[list[int]], length: int) -> None:
    ids = [token for sample in samples for token in sample]
    if len(ids) < length:
        return
    blocks = pack(samples, length)
    packed = [token for block in blocks for token in block]
    assert packed[: len(ids)] == ids
    assert packed[len(ids) :] == ids[: len(packed) - len(ids)]
    assert len(packed) - len(ids) < length
    assert {len(block) for block in blocks} == {length}


def test_balancing_by_hand() -> None:
    lengths = {"a1": 3, "a2": 3, "b1": 1, "b2": 1, "b3": 4, "c1": 2}
    samples = [Sample(name[0], [{"role": "user", "content": name}]) for name in ("a1", "a2", "b1", "b2", "b3", "c1")]
    chosen = balance(samples, 5, lambda sample: [0] * lengths[sample.messages[0]["content"]])
    # all have none: a1 (3); b1 (1); c1 (2), the only one of c; b2 (2 for b); b3, since 2 < 3
    assert [(name, len(ids)) for name, ids in chosen] == [("a", 3), ("b", 1), ("c", 2), ("b", 1), ("b", 4)]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9)), max_size=30), st.integers(1, 30))
def test_no_type_that_has_samples_left_is_behind_by_more_than_a_sample(
    drawn: list[tuple[str, int]], count: int
) -> None:
    samples = [Sample(name, [{"role": "user", "content": str(length)}]) for name, length in drawn]
    chosen = balance(samples, count, lambda sample: [0] * int(sample.messages[0]["content"]))
    assert len(chosen) == min(count, len(drawn))
    used, tokens = Counter(name for name, _ in chosen), Counter[str]()
    for name, ids in chosen:
        tokens[name] += len(ids)
    left = [name for name, amount in Counter(name for name, _ in drawn).items() if amount > used[name]]
    if left:
        assert max(tokens.values()) - min(tokens[name] for name in left) <= 9

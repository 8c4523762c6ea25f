"""Saved answers: which prompts are the same, and what the database keeps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from shoptune.errors import ShoptuneError
from shoptune.infer.chats import Chat
from shoptune.teach.backend import Reply, Teacher
from shoptune.teach.cache import FILE, AnswerCache, cache_key

TEACHER = Teacher("m", {"model": "m"})
PROMPT = Chat([{"role": "user", "content": "Hi"}], 10, {"type": "object"}, 0.5, 1)


def test_the_key_depends_on_everything_that_decides_an_answer() -> None:
    key = cache_key(TEACHER, PROMPT)
    assert key == cache_key(Teacher("another name", {"model": "m"}, Path("elsewhere")), PROMPT)
    others = [
        cache_key(Teacher("m", {"model": "n"}), PROMPT),
        *(
            cache_key(TEACHER, replace(PROMPT, **change))
            for change in (
                {"messages": [{"role": "user", "content": "Ho"}]},
                {"schema": {"type": "array"}},
                {"max_tokens": 11},
                {"temperature": 0.6},
                {"seed": 2},
            )
        ),
    ]
    assert len({key, *others}) == 7


def test_the_seed_does_not_matter_for_greedy_decoding() -> None:
    greedy = replace(PROMPT, temperature=0.0)
    assert cache_key(TEACHER, greedy) == cache_key(TEACHER, replace(greedy, seed=2))


def test_replies_come_back_and_the_first_one_stays(tmp_path: Path) -> None:
    first = Reply("{\u00e9}", 3, 4, is_complete=False)
    with AnswerCache(tmp_path / "c") as cache, AnswerCache(tmp_path / "c") as other:
        cache.add(TEACHER, [("k", first), ("f", Reply(failure="status 500"))])
        other.add(TEACHER, [("k", Reply("other"))])
        assert other.find(["k", "f", "x", "k"]) == {"k": first}
    with AnswerCache(tmp_path / "c", read_only=True) as cache:
        assert cache.find(["k"]) == {"k": first}


def test_looking_does_not_create_anything(tmp_path: Path) -> None:
    with AnswerCache(tmp_path / "c", read_only=True) as cache:
        assert cache.find(["k"]) == {}
    assert not (tmp_path / "c").exists()


def test_a_file_that_is_not_a_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("mine" * 100)
    with pytest.raises(ShoptuneError, match=r"cannot be used \(file is not a database\); delete it, or choose another"):
        AnswerCache(tmp_path)

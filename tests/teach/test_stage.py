"""The stage with a real endpoint: nothing is asked twice, and nothing is dropped silently."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from shoptune.errors import ShoptuneError
from shoptune.stage import run
from shoptune.teach.estimate import estimate
from shoptune.teach.stage import TEACH, load, print_estimate
from tests.teach.shop import PRODUCTS, Shop, store
from tests.teach.stand_in import Response, StandIn, serving

NAME = {"name": "kettle"}


def _title(body: dict[str, Any]) -> str:
    return str(body["messages"][-1]["content"].split("\n")[2])


def _names(_number: int, body: dict[str, Any]) -> Response:
    """Name a product by the last word of its title."""
    return Response({"name": _title(body).partition(",")[0].split()[-1]})


def test_a_table(shop: Shop) -> None:
    with serving(_names) as endpoint:
        taught = shop.teach(endpoint.url, licence="Apache-2.0")
    version = taught.summary["prompt_version"]
    assert {row["sku"]: row["name"] for row in taught.rows} == {"a": "kettle", "b": "hose", "c": "kettle", "d": "hose"}
    assert {(row["teacher_model"], row["prompt_version"]) for row in taught.rows} == {("m", version)}
    assert len({row["answer_digest"] for row in taught.rows}) == 2
    assert taught.rejected == []
    assert taught.summary | {"prompt_version": ""} == {
        "table": "names",
        "teacher_model": "m",
        "prompt_version": "",
        "licence": "Apache-2.0",
        "records": 4,
        "prompts": 3,
        "rows": 4,
        "rejected": {},
        "failed": 0,
        "tokens": {"prompts": 30, "answers": 15},
        "cost": 0.0,
        "report": {},
    }
    manifest = json.loads((taught.folder / "manifest.json").read_text())
    assert manifest["config"]["table"] == "names"
    assert manifest["config"]["licence"] == "Apache-2.0"
    assert manifest["inputs"]["tables/0"]["path"] == str(shop.tables)


def test_equal_prompts_are_asked_once_and_a_second_run_asks_nothing(shop: Shop) -> None:
    with serving(_names) as endpoint:
        first = shop.teach(endpoint.url)
        assert sorted(map(_title, endpoint.asked)) == ["Blue kettle", "Garden hose", "Red kettle, 2 l"]
        second = shop.teach(endpoint.url)
        assert len(endpoint.asked) == 3
    assert second.bytes() == first.bytes()
    assert (first.calls["asked"], first.calls["cached"]) == (3, 0)
    assert (second.calls["asked"], second.calls["cached"]) == (0, 3)


def test_a_changed_template_asks_only_what_changed(shop: Shop) -> None:
    changed = "Name this product.\n{% if 'Blue' in title %}It is blue.\n{% endif %}{{ quoted(title) }}\n"
    with serving(_names) as endpoint:
        shop.teach(endpoint.url)
        taught = shop.teach(endpoint.url, prompt=changed)
        assert len(endpoint.asked) == 4
        assert "It is blue." in endpoint.prompts()[-1]
    assert taught.calls["cached"] == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"sampling": {"max_tokens": 21}},
        {"system": "You are a shop."},
        {"answer": {"type": "object", "properties": {"name": {"type": "string", "minLength": 3}}}},
        {"backend": {"revision": "2"}},
    ],
)
def test_what_decides_an_answer_is_asked_again(shop: Shop, changes: dict[str, Any]) -> None:
    with serving(_names) as endpoint:
        shop.teach(endpoint.url)
        shop.teach(endpoint.url, **changes)
        assert len(endpoint.asked) == 6


def test_the_address_of_the_endpoint_does_not_matter(shop: Shop) -> None:
    with serving(_names) as endpoint:
        first = shop.teach(endpoint.url)
    with serving(_names) as other:
        second = shop.teach(other.url, backend={"concurrency": 1, "timeout_seconds": 7})
        assert other.asked == []
    assert second.bytes() == first.bytes()
    manifests = [json.loads((each.folder / "manifest.json").read_text()) for each in (first, second)]
    assert manifests[0]["request"] == manifests[1]["request"]


def test_a_limit_takes_the_first_records_and_a_higher_one_asks_the_rest(shop: Shop) -> None:
    with serving(_names) as endpoint:
        part = shop.teach(endpoint.url, limit=2)
        assert len(part.rows) == len(endpoint.asked) == 2
        whole = shop.teach(endpoint.url)
        assert len(endpoint.asked) == 3
    assert whole.rows[:2] == part.rows


def test_samples_are_numbered_and_more_of_them_ask_only_the_new_ones(shop: Shop) -> None:
    def script(number: int, body: dict[str, Any]) -> Response:
        return Response({"name": f"name {body['seed']}"})

    with serving(script) as endpoint:
        shop.teach(endpoint.url, sampling={"temperature": 0.7, "samples": 2, "max_tokens": 9, "seed": 5})
        assert len(endpoint.asked) == 6
        taught = shop.teach(endpoint.url, sampling={"temperature": 0.7, "samples": 3, "max_tokens": 9, "seed": 5})
        assert len(endpoint.asked) == 9
    names = [(row["number"], row["name"]) for row in taught.rows if row["sku"] == "a"]
    assert names == [(1, "name 5"), (2, "name 6"), (3, "name 7")]


ASPECTS = {
    "type": "object",
    "properties": {
        "mood": {"type": "string"},
        "aspects": {
            "type": "array",
            "items": {"type": "object", "properties": {"aspect": {"type": "string"}, "quote": {"type": "string"}}},
        },
    },
}


def test_a_list_becomes_rows_and_its_elements_are_checked_one_by_one(shop: Shop) -> None:
    aspects = [{"aspect": "color", "quote": "Red kettle"}, {"aspect": "size", "quote": "3 l"}]
    with serving(lambda *_: Response({"mood": "good", "aspects": aspects})) as endpoint:
        taught = shop.teach(
            endpoint.url,
            answer=ASPECTS,
            each={"field": "aspects"},
            checks=[{"name": "verbatim", "field": "quote", "within": "title"}],
            report={"kept": "SELECT count(*) FROM answers", "lost": "SELECT count(*) FROM rejected"},
        )
    (row,) = taught.rows
    assert (row["sku"], row["number"], row["mood"], row["aspect"]) == ("a", 1, "good", "color")
    reason = "verbatim: quote does not occur in title"
    assert len(taught.rejected) == 7
    assert {
        "sku": "a",
        "reason": reason,
        "answer": {"mood": "good", "aspect": "size", "quote": "3 l"},
    } in taught.rejected
    assert taught.summary["rejected"] == {reason: 7}
    assert taught.summary["report"] == {"kept": 1, "lost": 7}


def test_answers_that_cannot_be_read_are_set_aside_with_the_reason(shop: Shop) -> None:
    answers = {
        "Red kettle, 2 l": Response("I would say: kettle"),
        "Garden hose": Response('{"name": "ho', finish_reason="length"),
        "Blue kettle": Response({"name": "k"}),
    }
    with serving(lambda _, body: answers[_title(body)]) as endpoint:
        taught = shop.teach(endpoint.url)
        again = shop.teach(endpoint.url)
        assert len(endpoint.asked) == 3
    assert taught.rows == again.rows == []
    found = {line["sku"]: (line["reason"], line["answer"]) for line in taught.rejected}
    assert found == {
        "a": ("not JSON", "I would say: kettle"),
        "b": ("longer than max_tokens", '{"name": "ho'),
        "c": ("does not match the schema (name: minLength)", '{"name": "k"}'),
        "d": ("longer than max_tokens", '{"name": "ho'),
    }


def test_half_a_character_from_an_endpoint_is_replaced(shop: Shop) -> None:
    with serving(lambda *_: Response('{"name": "ke\ud800"}')) as endpoint:
        taught = shop.teach(endpoint.url)
    assert {row["name"] for row in taught.rows} == {"ke?"}


def test_records_without_a_prompt_are_set_aside(tmp_path: Path) -> None:
    tables = store(tmp_path / "tables", [*PRODUCTS, ("e", None, None)])
    with serving(_names) as endpoint:
        taught = Shop(tmp_path, tables).teach(endpoint.url)
    assert taught.rejected == [{"sku": "e", "reason": "prompt: a value that it shows is missing", "answer": None}]


def test_personal_data_does_not_leave_the_machine(tmp_path: Path) -> None:
    title = "Kettle, ask jane.doe@gmail.com or call (415) 555-0132, order 123-1234567-1234567"
    tables = store(tmp_path / "tables", [("jane.doe@gmail.com", title, "kettle")])
    with serving(lambda *_: Response(NAME)) as endpoint:
        taught = Shop(tmp_path, tables).teach(endpoint.url)
        (prompt,) = endpoint.prompts()
        Shop(tmp_path, tables).teach(endpoint.url, personal_data=[])
    assert "Kettle, ask [e-mail] or call [phone], order [order number]" in prompt
    assert "jane" not in json.dumps(endpoint.asked[0])
    assert "jane.doe@gmail.com" in endpoint.prompts()[1]
    assert taught.rows[0]["sku"] == "jane.doe@gmail.com"  # the key is not sent


def test_a_template_that_is_wrong_for_every_record_stops_the_run(shop: Shop) -> None:
    with serving(_names) as endpoint:
        with pytest.raises(ShoptuneError, match=r"names.yaml: prompt: 'titel' is undefined; use \{\{ quoted\(column\)"):
            shop.teach(endpoint.url, prompt="{{ quoted(titel) }}")
        with pytest.raises(ShoptuneError, match="prompt: shows a text without quotes"):
            shop.teach(endpoint.url, prompt="{{ title }}")
        assert endpoint.asked == []


def test_a_dry_run_counts_and_writes_nothing(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    price = {"price": {"input": 3.0, "output": 12.0}}
    with serving(_names) as endpoint:
        before = sorted(shop.folder.rglob("*"))
        arguments = shop.arguments(endpoint.url, backend=price)
        print_estimate(arguments, None)
        assert sorted(shop.folder.rglob("*")) == sorted([*before, arguments.file])
        assert endpoint.asked == []
        # The system prompt has 18 + 1 + 134 = 153 bytes. "Name this product.", the tags and the title on lines of their
        # own have 18 + 1 + 16 + 1 + 15 + 1 + 17 = 69, so 222 / 4 gives 56 tokens; the titles with 11 bytes give
        # 218 / 4, which is 55, twice. 166 * 3 + 60 * 12 = 1218 millionths.
        assert capsys.readouterr().err.splitlines() == [
            "  4 records, 3 different prompts: 0 answered from the cache",
            "  would ask 3 prompts: 166 tokens (estimated at 4 bytes per token)",
            "  answers: at most 60 tokens",
            "  cost: at most 0.001218, at 3 and 12 per million tokens",
        ]
        shop.teach(endpoint.url, limit=2)
        assert estimate(load(arguments)).calls == 1


def test_a_dry_run_counts_with_a_tokenizer(shop: Shop, tiny_base: Path) -> None:
    with serving(_names) as endpoint:
        shop.teach(endpoint.url)
        arguments = shop.arguments(endpoint.url, backend={"revision": "2"})
        found = estimate(load(arguments), str(tiny_base))
    tokenizer = Tokenizer.from_file(str(tiny_base / "tokenizer.json"))
    turns = [
        "".join(f"<|im_start|>{each['role']}\n{each['content']}<|im_end|>\n" for each in body["messages"])
        for body in endpoint.asked
    ]
    expected = [len(tokenizer.encode(f"{turn}<|im_start|>assistant\n").ids) for turn in turns]
    assert (found.prompt_tokens, found.is_exact) == (sum(expected), True)


def test_a_missing_key_is_found_before_anything_is_asked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_KEY", raising=False)
    with serving(_names) as endpoint:
        with pytest.raises(ShoptuneError, match="the environment variable SHOP_KEY is not set; set it to the API key"):
            shop.teach(endpoint.url, backend={"key_variable": "SHOP_KEY"})
        assert endpoint.asked == []


KILLED = """
import sys
from pathlib import Path
from shoptune.stage import run
from shoptune.teach.stage import TEACH, Arguments, Options, load
file, tables, cache, out = map(Path, sys.argv[1:])
run(TEACH, load(Arguments(file, [tables], "m", Options(None, cache))), out)
"""


def _run_until(asked: int, endpoint: StandIn, command: list[str]) -> None:
    process = subprocess.Popen(command, env=dict(os.environ))
    try:
        deadline = time.monotonic() + 120
        while len(endpoint.asked) < asked:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.slow
def test_a_killed_run_loses_only_what_was_in_flight(shop: Shop, tmp_path: Path) -> None:
    tables = store(tmp_path / "many", [(f"{number}", f"Kettle {number}", "kettle") for number in range(20)])

    def script(number: int, body: dict[str, Any]) -> Response:
        return Response(NAME, delay=60 if 10 <= number < 12 else 0)  # two requests are in flight when it is killed

    with serving(script) as endpoint:
        file = shop.write(endpoint.url, {"backend": {"concurrency": 2}})
        command = [sys.executable, "-c", KILLED, *map(str, (file, tables, shop.folder / "cache", tmp_path / "out"))]
        _run_until(12, endpoint, command)
        assert not (tmp_path / "out").exists()
        arguments = shop.arguments(endpoint.url, backend={"concurrency": 2})
        job = load(type(arguments)(file, [tables], "m", arguments.options))
        assert estimate(job).cached == 10
        run(TEACH, job, tmp_path / "out")
        assert len(endpoint.asked) == 12 + 10
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["rows"] == 20

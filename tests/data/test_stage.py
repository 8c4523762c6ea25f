"""A whole build, from raw files to Parquet."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from shoptune.artifacts.publish import Artifact
from shoptune.data import ingest_stage, sources
from shoptune.data.executor import executor
from shoptune.data.ingest_stage import INGEST
from shoptune.data.stage import DATA, Arguments, load
from shoptune.errors import ShoptuneError
from shoptune.runtime.cache import cache_folder
from shoptune.stage import run

ROOT = Path(__file__).parents[2]
RAW = ROOT / "examples" / "raw"
TASKS = "{esci_query_product_ranking: 20, review_rating: 30, review_keyphrase: 5}"


def _mixture(folder: Path) -> Path:
    (folder / "recipes" / "mixtures").mkdir(parents=True)
    for file in (ROOT / "data_recipes").glob("*.yaml"):
        shutil.copy(file, folder / "recipes")
    path = folder / "recipes" / "mixtures" / "m.yaml"
    path.write_text(f"tasks: {TASKS}\nworkers: 1\nvalidation_fraction: 0.1\nmax_rejected: 0.9\n")
    return path


@pytest.fixture
def mixture(tmp_path: Path) -> Path:
    return _mixture(tmp_path)


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of the mixture as it is."""
    folder = tmp_path_factory.mktemp("usual")
    return _build(_mixture(folder), folder / "rows").path


def _build(mixture: Path, out: Path, *changes: str, raw: Path = RAW) -> Artifact:
    return run(DATA, load(Arguments(mixture, raw, changes)), out)


def _rows(out: Path, split: str = "train") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        row for file in sorted(out.glob(f"{split}-*.parquet")) for row in pq.read_table(file).to_pylist()
    ]
    return rows


def _bytes(out: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(out.iterdir()) if file.name != "manifest.json"}


def test_a_build_has_the_rows_and_their_statistics(usual: Path) -> None:
    out = usual
    train, validation = _rows(out), _rows(out, "validation")
    # a tenth of 55 is 5.5, and Python rounds that to 6, the even number
    assert (len(train), len(validation)) == (49, 6)
    assert {file.name for file in out.iterdir()} == {
        "train-00000-of-00001.parquet",
        "validation-00000-of-00001.parquet",
        "stats.json",
        "rejects.jsonl",
        "report.html",
        "README.md",
        "manifest.json",
    }
    stats = json.loads((out / "stats.json").read_text())
    assert stats["rows"] == 55
    assert stats["by_task"]["review_rating"] == {"wanted": 30, "made": 30}
    assert stats["by_source"] == {"esci": 20, "reviews2023": 35}
    assert sum(stats["answer_positions"].values()) == 30
    assert sum(stats["lengths"]["counts"]) == 55
    page = (out / "report.html").read_text()
    assert "<h1>55 rows</h1>" in page
    assert page.count("<pre>") == 10 + 10 + 5


def test_shards_are_whole_and_of_equal_size(mixture: Path, tmp_path: Path, usual: Path) -> None:
    _build(mixture, tmp_path / "many", "shard_rows=10")
    files = sorted((tmp_path / "many").glob("train-*"))
    assert [file.name for file in files] == [f"train-{n:05}-of-00005.parquet" for n in range(5)]
    assert [pq.read_metadata(file).num_rows for file in files] == [10, 10, 10, 10, 9]
    assert _rows(tmp_path / "many") == _rows(usual)


@pytest.mark.slow
def test_the_bytes_do_not_depend_on_the_number_of_workers(mixture: Path, tmp_path: Path) -> None:
    _build(mixture, tmp_path / "one", _MANY, "when_short=shrink")
    _build(mixture, tmp_path / "two", _MANY, "when_short=shrink", "workers=2")
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "two")
    assert len(_rows(tmp_path / "one")) > 2500  # so that one task has more than a batch of 2048
    assert not _build(mixture, tmp_path / "one", _MANY, "when_short=shrink", "workers=2").rebuilt


def test_a_question_of_the_benchmark_does_not_reach_the_rows(mixture: Path, tmp_path: Path, usual: Path) -> None:
    asked = _rows(usual)
    columns = ("input_field", "task_type", "task_name", "metric", "is_multiple_choice", "track")
    with (tmp_path / "dev.json").open("w") as lines:
        for row in asked:
            reference = row["output_field"] if row["task_type"] == "generation" else json.loads(row["output_field"])
            lines.write(json.dumps({**{name: row[name] for name in columns}, "output_field": reference}) + "\n")
    changed = ["when_short=shrink", f"decontaminate_against=[{tmp_path / 'dev.json'}]"]
    _build(mixture, tmp_path / "clean", *changed)
    clean = {row["input_field"] for split in ("train", "validation") for row in _rows(tmp_path / "clean", split)}
    assert clean
    assert not clean & {row["input_field"] for row in asked}
    drops = json.loads((tmp_path / "clean" / "stats.json").read_text())["drops"]
    assert drops["reviews2023"]["review_rating"]["contaminated: overlaps a question of the benchmark"] > 20


def test_a_row_longer_than_the_limit_is_dropped(mixture: Path, tmp_path: Path, tiny_base: Path) -> None:
    limit = ["max_tokens=150", f"tokenizer={tiny_base}", "when_short=shrink"]
    _build(mixture, tmp_path / "short", *limit)
    stats = json.loads((tmp_path / "short" / "stats.json").read_text())
    assert stats["lengths"]["unit"] == "tokens"
    assert stats["lengths"]["edges"][-1] <= 150
    assert stats["drops"]["esci"]["esci_query_product_ranking"]["too long: more tokens than max_tokens"] > 0
    with pytest.raises(ShoptuneError, match="max_tokens needs a tokenizer"):
        load(Arguments(mixture, RAW, ["max_tokens=150"]))


def _damaged(folder: Path) -> Path:
    """The shop with a bad line in its reviews, and judgements of a product that is not listed."""
    shutil.copytree(RAW / "reviews2023", folder / "reviews2023")
    file = folder / "reviews2023" / "Pet_Supplies.jsonl.gz"
    lines = gzip.decompress(file.read_bytes()).split(b"\n")
    unlisted = json.loads(lines[0]) | {"parent_asin": "B0UNLISTED", "user_id": "nobody"}
    file.write_bytes(gzip.compress(b"\n".join([lines[0], b'{"rating": 5', json.dumps(unlisted).encode(), *lines[1:]])))
    return folder


def test_bad_lines_and_missing_partners_are_counted(mixture: Path, tmp_path: Path) -> None:
    _build(mixture, tmp_path / "rows", "tasks={review_rating: 30}", raw=_damaged(tmp_path / "raw"))
    stats = json.loads((tmp_path / "rows" / "stats.json").read_text())
    assert stats["malformed"] == {"reviews2023": 1}
    assert stats["missing_partners"]["reviews2023"]["reviews of products that are not listed"] == 1
    first = json.loads((tmp_path / "rows" / "rejects.jsonl").read_text().splitlines()[0])
    assert (Path(first["file"]).name, first["line"]) == ("Pet_Supplies.jsonl.gz", 2)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            ["sample={review: 5}"],
            r"m\.yaml: sample\.review: no table of this name can be sampled; did you mean 'reviews'\?",
        ),
        (
            ["tasks={review_rating: 100000}"],
            r"m\.yaml: tasks\.review_rating: only \d+ of 100000 rows could be made; lower",
        ),
        (
            ["max_rejected=0", "when_short=shrink", "tasks={review_rating: 700}"],
            r"m\.yaml: max_rejected: \d+% of the records were rejected \(.*\); correct the recipe, or raise",
        ),
        (
            ["tokenizer=no/such/folder", "max_tokens=9"],
            r"m\.yaml: tokenizer: no folder 'no/such/folder'; create it first",
        ),
    ],
)
def test_problems_of_a_mixture_are_reported_before_the_build(
    mixture: Path, tmp_path: Path, changes: Sequence[str], problem: str
) -> None:
    with pytest.raises(ShoptuneError, match=problem):
        _build(mixture, tmp_path / "rows", *changes)
    assert not (tmp_path / "rows").exists()


def test_without_a_source_its_tasks_fall_away(
    mixture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "reviews2023").symlink_to(RAW / "reviews2023")
    with pytest.raises(ShoptuneError, match=r"no folder for esci, so 1 of 3 tasks have no records; put the sources'"):
        _build(mixture, tmp_path / "rows", raw=tmp_path / "raw")
    _build(mixture, tmp_path / "shrunk", "when_short=shrink", raw=tmp_path / "raw")
    assert "esci_query_product_ranking" in capsys.readouterr().err
    _build(mixture, tmp_path / "scaled", "when_short=scale", raw=tmp_path / "raw")
    wanted = [json.loads((tmp_path / name / "stats.json").read_text())["by_task"] for name in ("shrunk", "scaled")]
    assert wanted[0]["review_rating"]["made"] == 30
    # 55 rows over tasks that had 30 and 5: 30 * 55 / 35 = 47.1 and 5 * 55 / 35 = 7.9
    assert [entry["made"] for entry in wanted[1].values()] == [47, 8]


def test_a_recipe_may_name_its_files(mixture: Path, tmp_path: Path) -> None:
    recipe = mixture.parents[1] / "esci.yaml"
    recipe.write_text(recipe.read_text().replace("source: esci\n", f"source: esci\nfiles: {RAW / 'esci'}\n"))
    _build(mixture, tmp_path / "rows", "tasks={esci_query_product_ranking: 5}", raw=tmp_path)
    assert len(_rows(tmp_path / "rows")) + len(_rows(tmp_path / "rows", "validation")) == 5


@pytest.mark.slow
def test_every_task_of_v8_gives_the_same_bytes_with_two_workers(tmp_path: Path, examples: Path) -> None:
    v8 = ROOT / "data_recipes" / "mixtures" / "v8.yaml"
    questions = examples / "questions" / "development.json"
    changes = ["max_tokens=null", "tokenizer=null", f"decontaminate_against=[{questions}]", "max_rejected=0.95"]
    changes.append("row_fraction=0.1")  # every task still has rows
    for workers in (1, 2):
        _build(v8, tmp_path / str(workers), *changes, f"workers={workers}")
    assert _bytes(tmp_path / "1") == _bytes(tmp_path / "2")
    assert len(json.loads((tmp_path / "1" / "stats.json").read_text())["by_task"]) > 90


_MANY = "tasks={m2_title_translation_without_english: 2500, review_rating: 600, review_also_bought: 20}"


def _node(seconds: float) -> str:
    import ray

    time.sleep(seconds)
    return str(ray.get_runtime_context().get_node_id())


@pytest.mark.slow
def test_a_ray_cluster_of_two_nodes_gives_the_same_bytes(
    mixture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ray.cluster_utils import Cluster

    changes = [_MANY, "when_short=shrink", "workers=2"]
    _build(mixture, tmp_path / "local", *changes)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        cluster.add_node(num_cpus=1)
        monkeypatch.setenv("RAY_ADDRESS", cluster.address)
        run(INGEST, ingest_stage.load(ingest_stage.Arguments(RAW, executor="ray")), tmp_path / "tables")
        arguments = Arguments(mixture, tables=tmp_path / "tables", overrides=changes, executor="ray")
        run(DATA, load(arguments), tmp_path / "ray")
        with executor("ray", workers=2) as pool:
            assert len(set(pool.map(_node, [0.5] * 8))) == 2
    finally:
        cluster.shutdown()
    assert _bytes(tmp_path / "local") == _bytes(tmp_path / "ray")


@pytest.mark.slow
def test_rows_from_tables_are_the_same_and_no_raw_file_is_read(mixture: Path, tmp_path: Path) -> None:
    raw, sample = tmp_path / "raw", "sample={reviews: 400}"
    for source in ("esci", "reviews2023"):
        shutil.copytree(RAW / source, raw / source)
    run(INGEST, ingest_stage.load(ingest_stage.Arguments(raw)), tmp_path / "tables")
    _build(mixture, tmp_path / "from-raw", sample, raw=raw)
    shutil.rmtree(raw)
    for out in ("from-tables", "again"):
        run(DATA, load(Arguments(mixture, tables=tmp_path / "tables", overrides=[sample])), tmp_path / out)
    assert _bytes(tmp_path / "from-tables") == _bytes(tmp_path / "from-raw")
    stats = json.loads((tmp_path / "again" / "stats.json").read_text())["samples"]["reviews"]
    assert stats["records"] <= 400 < stats["of"]
    assert stats["sample_by"] == "user_id"
    assert 0 < stats["values"] < stats["records"]
    assert stats["pairs"] > 0
    assert f'<td>user_id</td><td class="n">{stats["values"]}</td>' in (tmp_path / "again" / "report.html").read_text()


@pytest.mark.parametrize(
    ("task", "joined", "products", "most"),
    [
        ("review_rating", "reviews", "reviews_products", 400),
        ("esci_query_product_ranking", "esci_judgements", "esci_products", 400),
    ],
)
def test_a_sample_of_products_keeps_those_of_sampled_reviews_and_queries(
    task: str, joined: str, products: str, most: int, tmp_path: Path
) -> None:
    mixture, recipes = tmp_path / "mixture.yaml", ROOT / "data_recipes"
    mixture.write_text(f"when_short: shrink\nmax_rejected: 1\nsample: {{{joined}: {most}}}\ntasks: {{{task}: 500}}\n")
    for out, changes in (("all", ()), ("some", (f"sample.{products}=20",))):
        run(DATA, load(Arguments(mixture, RAW, changes, recipes=recipes)), tmp_path / out)
    stats = json.loads((tmp_path / "some" / "stats.json").read_text())["samples"]
    assert 20 < stats[products]["records"] < stats[products]["of"]
    assert stats[joined]["records"] <= most
    assert len(_rows(tmp_path / "some")) > 5
    assert _rows(tmp_path / "some") == _rows(tmp_path / "all")


@pytest.mark.slow
def test_raw_files_are_ingested_once(mixture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(RAW, raw)
    monkeypatch.setenv("SHOPTUNE_CACHE", str(tmp_path / "cache"))
    _build(mixture, tmp_path / "one", raw=raw)
    with monkeypatch.context() as patch:
        patch.setattr(sources, "register", lambda *_: pytest.fail("raw files were read again"))
        _build(mixture, tmp_path / "two", "seed=2", raw=raw)
    for cached in cache_folder("tables").glob("esci-*/esci/*/*.parquet"):
        cached.unlink()
    _build(mixture, tmp_path / "again", raw=raw)
    assert _bytes(tmp_path / "again") == _bytes(tmp_path / "one")
    (raw / "reviews2023" / "Pet_Supplies.jsonl.gz").unlink()
    _build(mixture, tmp_path / "three", raw=raw)
    assert _bytes(tmp_path / "three") != _bytes(tmp_path / "one")


def test_either_raw_files_or_tables(mixture: Path, tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match="--raw: exactly one of --raw and --tables is required"):
        load(Arguments(mixture))
    (tmp_path / "esci").mkdir()
    (tmp_path / "reviews2023").mkdir()
    with pytest.raises(
        ShoptuneError, match=r"esci: contains no tables\.json; choose a folder written by `shoptune data in"
    ):
        run(DATA, load(Arguments(mixture, tables=tmp_path)), tmp_path / "rows")


def test_tasks_that_fall_short_are_listed(mixture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _build(mixture, tmp_path / "rows", "when_short=shrink", "tasks={review_rating: 30, review_also_bought: 100000}")
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("ingest")]
    assert lines[0] == "data: WARNING: 1 of 2 tasks have less than 90% of the rows wanted:"
    assert lines[1].split() == ["task", "wanted", "made", "share"]
    assert re.fullmatch(r" +review_also_bought +100,000 +[0-9,]+ +[0-9]+%", lines[2])


def test_a_build_without_rows_is_an_error(mixture: Path, tmp_path: Path) -> None:
    changes = ["when_short=shrink", "max_characters=1", "max_rejected=1"]
    with pytest.raises(ShoptuneError, match=r"m\.yaml: not a single row could be made"):
        _build(mixture, tmp_path / "rows", *changes)
    assert not (tmp_path / "rows").exists()

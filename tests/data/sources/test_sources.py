"""Sources: files in their real formats, including their quirks, become tables."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from shoptune.data import sources
from shoptune.data.readers.source_reader import SourceReader
from shoptune.data.readers.table_store import TableStore
from shoptune.errors import ShoptuneError


@pytest.fixture
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def _register(source: str, database: duckdb.DuckDBPyConnection, raw: Path, scratch: Path | None = None) -> SourceReader:
    out = Path(tempfile.mkdtemp(dir=scratch or raw))
    reader = SourceReader(database, raw / source, TableStore(out / "tables", source), out / "scratch")
    sources.register(source, reader)
    return reader


def test_every_source_of_the_made_up_shop_is_read(
    database: duckdb.DuckDBPyConnection, examples: Path, tmp_path: Path
) -> None:
    assert len(sources.names()) >= 10
    assert sorted(folder.name for folder in (examples / "raw").iterdir()) == sources.names()
    for source in sources.names():
        _register(source, database, examples / "raw", tmp_path)
    tables = [
        "alpaca",
        "atomic",
        "ecguide",
        "eshopinstruct",
        "m2_sessions",
        "m2_products",
        "attributes",
        "ecinstruct",
        "esci_judged",
        "mmlu",
        "reviews",
        "reviews_products",
    ]
    assert all(database.execute(f"SELECT count(*) FROM {table}").fetchone() > (0,) for table in tables)


def test_printed_numpy_arrays_and_list_columns_agree(
    database: duckdb.DuckDBPyConnection, real_amazon_m2: Path, tmp_path: Path
) -> None:
    (tmp_path / "amazon_m2").mkdir()
    (tmp_path / "amazon_m2" / "sessions_train.csv").symlink_to(real_amazon_m2 / "sessions_train.csv")
    _register("amazon_m2", database, tmp_path)
    wrong = database.execute(
        "SELECT count(*) FROM (SELECT prev_items, next_item, locale FROM read_parquet(?) "
        "EXCEPT ALL SELECT items, next_item, locale FROM m2_sessions)",
        [str(real_amazon_m2 / "sessions_sample.parquet")],
    ).fetchone()
    assert wrong == (0,)
    assert database.execute("SELECT count(*) FROM m2_sessions").fetchone() == (450,)


def test_sessions_as_parquet(database: duckdb.DuckDBPyConnection, real_amazon_m2: Path, tmp_path: Path) -> None:
    (tmp_path / "amazon_m2").mkdir()
    (tmp_path / "amazon_m2" / "sessions.parquet").symlink_to(real_amazon_m2 / "sessions_sample.parquet")
    _register("amazon_m2", database, tmp_path)
    assert database.execute("SELECT count(*) FROM m2_sessions").fetchone() == (450,)


def test_mmlu_in_its_three_forms(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    folder = tmp_path / "mmlu"
    (folder / "dev").mkdir(parents=True)
    (folder / "dev" / "anatomy_dev.csv").write_text('"Which, one?",a,b,c,d,C\n')
    (folder / "marketing_val.csv").write_text("question,choice0,choice1,choice2,choice3,answer\nWhat?,e,f,g,h,0\n")
    database.execute(
        "COPY (SELECT 'How?' AS question, 'law' AS subject, ['i','j','k','l'] AS choices, 3 AS answer) TO "
        f"'{folder}/validation-00000.parquet'"
    )
    _register("mmlu", database, tmp_path)
    rows = database.execute("SELECT subject, question, choices, answer FROM mmlu ORDER BY subject").fetchall()
    assert rows == [
        ("anatomy", "Which, one?", ["a", "b", "c", "d"], 2),
        ("law", "How?", ["i", "j", "k", "l"], 3),
        ("marketing", "What?", ["e", "f", "g", "h"], 0),
    ]


def test_mmlu_auxiliary_train_has_no_subjects(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    folder = tmp_path / "mmlu" / "auxiliary_train"
    folder.mkdir(parents=True)
    (folder / "race.csv").write_text('"A long\npassage. Which?",a,b,c,d,B\n')
    (folder / "obqa.csv").write_text("question,choice0,choice1,choice2,choice3,answer\nWho?,e,f,g,h,3\n")
    database.execute(
        "COPY (SELECT {'answer': 2, 'choices': ['i','j','k','l'], 'question': 'How?', 'subject': ''} AS train) TO "
        f"'{folder}/train-00000-of-00001.parquet'"
    )
    _register("mmlu", database, tmp_path)
    rows = database.execute("SELECT subject, question, choices, answer FROM mmlu ORDER BY question").fetchall()
    assert rows == [
        ("", "A long\npassage. Which?", ["a", "b", "c", "d"], 1),
        ("", "How?", ["i", "j", "k", "l"], 2),
        ("", "Who?", ["e", "f", "g", "h"], 3),
    ]


def test_mmlu_in_all_and_by_subject_is_read_once(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for name in ("all", "law"):
        (tmp_path / "mmlu" / name).mkdir(parents=True)
        database.execute(
            "COPY (SELECT 'How?' AS question, 'law' AS subject, ['i','j','k','l'] AS choices, 3 AS answer) TO "
            f"'{tmp_path}/mmlu/{name}/dev-00000-of-00001.parquet'"
        )
    (tmp_path / "mmlu" / "dev").mkdir()
    (tmp_path / "mmlu" / "dev" / "law_dev.csv").write_text("How?,i,j,k,l,D\n")
    _register("mmlu", database, tmp_path)
    assert database.execute("SELECT count(*), count(DISTINCT key) FROM mmlu").fetchone() == (1, 1)


def test_published_test_splits_are_left_out(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (tmp_path / "mmlu" / "test").mkdir(parents=True)
    (tmp_path / "mmlu" / "test" / "law.csv").write_text("How?,i,j,k,l,D\n")
    (tmp_path / "mmlu" / "law_test.csv").write_text("How?,i,j,k,l,D\n")
    with pytest.raises(ShoptuneError, match="holds the test split alone"):
        _register("mmlu", database, tmp_path)
    row = {"task": "Sentiment_Analysis", "setting": "s", "instruction": "i", "options": "['A: good', 'B: bad']"}
    (tmp_path / "ecinstruct").mkdir()
    rows = [{**row, "split": split, "input": split, "output": "A: good"} for split in ("train", "val", "test")]
    (tmp_path / "ecinstruct" / "x.json").write_text(json.dumps(rows))
    _register("ecinstruct", database, tmp_path)
    assert database.execute("SELECT input FROM ecinstruct").fetchall() == [("train",)]
    (tmp_path / "esci").mkdir()
    database.execute(f"""
        COPY (SELECT unnest([1, 2]) AS query_id, 'tie ' AS query, 'us' AS product_locale, 'P' AS product_id,
                     'E' AS esci_label, unnest(['train', 'test']) AS split)
        TO '{tmp_path}/esci/examples.parquet';
        COPY (SELECT 'P' AS product_id, 'us' AS product_locale, 't' AS product_title, NULL AS product_description,
                     NULL AS product_bullet_point, NULL AS product_brand, NULL AS product_color)
        TO '{tmp_path}/esci/products.parquet'
        """)
    _register("esci", database, tmp_path)
    assert database.execute("SELECT query_id, query FROM esci_judgements").fetchall() == [(1, "tie")]


def test_real_mmlu(database: duckdb.DuckDBPyConnection, real_mmlu: Path, tmp_path: Path) -> None:
    (tmp_path / "mmlu").symlink_to(real_mmlu)
    _register("mmlu", database, tmp_path)
    count, subjects, answers = database.execute(
        "SELECT count(*), count(DISTINCT subject), list_sort(list(DISTINCT answer)) FROM mmlu"
    ).fetchall()[0]
    assert subjects == 57
    assert count == 57 * 5 - 1  # the test split is left out, and one question occurs twice
    assert answers == [0, 1, 2, 3]


def test_real_mmlu_without_header_and_with_letters_is_the_same(
    database: duckdb.DuckDBPyConnection, real_mmlu: Path, tmp_path: Path
) -> None:
    """The format of the original release, written from the other one, gives the same table."""
    _register_folder(database, real_mmlu, tmp_path / "new")
    for file in sorted(real_mmlu.rglob("*.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            rows = [[*row[:-1], "ABCD"[int(row[-1])]] for row in list(csv.reader(lines))[1:]]
        original = tmp_path / "original" / "mmlu" / file.relative_to(real_mmlu)
        original.parent.mkdir(parents=True, exist_ok=True)
        with original.open("w", encoding="utf-8", newline="") as lines:
            csv.writer(lines).writerows(rows)
    with duckdb.connect() as other:
        _register("mmlu", other, tmp_path / "original")
        assert (
            other.execute("FROM mmlu ORDER BY key").fetchall() == database.execute("FROM mmlu ORDER BY key").fetchall()
        )


def _register_folder(database: duckdb.DuckDBPyConnection, mmlu: Path, raw: Path) -> None:
    raw.mkdir()
    (raw / "mmlu").symlink_to(mmlu)
    _register("mmlu", database, raw)


def test_ecinstruct_options_lose_their_letters(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (tmp_path / "ecinstruct").mkdir()
    rows = [
        {
            "task": "Sentiment_Analysis",
            "input": "Nice",
            "options": '["A: very positive", "B: positive"]',
            "output": "B: positive",
        },
        {
            "task": "Sequential_Recommendation",
            "input": "['1st: pan']",
            "options": "['A: lid', \"B: men's sock\"]",
            "output": "A",
        },
        {"task": "Product_Matching", "input": '{"product 1": {"title": "x"}}', "options": None, "output": "yes"},
    ]
    full = [{"split": "train", "setting": "s", "instruction": "i", **row} for row in rows]
    (tmp_path / "ecinstruct" / "x.json").write_text(json.dumps([*full, {**full[0], "split": "test"}]))
    _register("ecinstruct", database, tmp_path)
    found = database.execute("SELECT options, answer_index, fields IS NULL FROM ecinstruct ORDER BY task").fetchall()
    assert found == [
        (None, None, False),
        (["very positive", "positive"], 1, True),
        (["lid", "men's sock"], 0, True),
    ]


def test_ecinstruct_samples_of_several_settings_are_one_row(
    database: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    (tmp_path / "ecinstruct").mkdir()
    row = {"split": "train", "task": "Product_Matching", "options": None, "output": "no"}
    # Python's json writes NaN, which is not JSON, and its str() quotes with backslashes what holds both quotes.
    row["input"] = '{"product 1": {"title": "x", "description": NaN}, "product 2": {"title": "y"}}'
    bought = {**row, "task": "Sequential_Recommendation", "input": "['1st: pan']", "output": "A"}
    bought["options"] = """['A: 5\\' "tall" pole']"""
    rows = [{**row, "setting": setting, "instruction": setting} for setting in ("IND_Diverse", "IND_Single")]
    (tmp_path / "ecinstruct" / "x.json").write_text(json.dumps([*rows, {**bought, "setting": "s", "instruction": "i"}]))
    _register("ecinstruct", database, tmp_path)
    found = database.execute(
        "SELECT fields->'product 1'->>'description', fields->'product 2'->>'title', options "
        "FROM ecinstruct ORDER BY task"
    ).fetchall()
    assert found == [(None, "y", None), (None, None, ['5\' "tall" pole'])]


def test_review_prices_may_be_null_numbers_or_texts(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    folder = tmp_path / "reviews2023"
    folder.mkdir()
    meta = [
        {"parent_asin": str(n), "title": "Chrome drill", "price": price, "categories": ["A", "Drills"]}
        for n, price in enumerate([None, 9.5, "from $3.25"])
    ]
    (folder / "meta_Toys.jsonl").write_text("".join(json.dumps(row) + "\n" for row in meta))
    (folder / "Toys.jsonl").write_text(json.dumps({"rating": 5.0, "text": "x", "parent_asin": "1"}) + "\n")
    _register("reviews2023", database, tmp_path)
    rows = database.execute(
        "SELECT price, category, product_type FROM reviews_products ORDER BY parent_asin"
    ).fetchall()
    assert rows == [(None, "Toys", "drill"), (9.5, "Toys", "drill"), (None, "Toys", "drill")]
    assert database.execute("SELECT category, rating FROM reviews").fetchall() == [("Toys", 5.0)]


def test_attributes_of_either_data_set(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    folder = tmp_path / "attributes"
    folder.mkdir()
    lines = ['5" pan, red\x01Color \x01red', '5" pan, red\x01Length\x01NULL', "no fact", "lid\x01Item Type\x01lid"]
    (folder / "publish_data.txt").write_text("\n".join(lines) + "\n")
    entities = [{"label": "Item Form", "value": "leaves", "start": 4}]
    (folder / "tea.jsonl").write_text(json.dumps({"title": "Tea leaves", "entities": entities}) + "\n")
    _register("attributes", database, tmp_path)
    assert database.execute("FROM attributes ORDER BY ALL").fetchall() == [
        ('5" pan, red', "color", "red"),
        ('5" pan, red', "length", None),
        ("Tea leaves", "item form", "leaves"),
        ("lid", "item type", "lid"),
    ]


def test_esci_tells_where_queries_are_from(database: duckdb.DuckDBPyConnection, examples: Path, tmp_path: Path) -> None:
    (tmp_path / "esci").mkdir()
    for file in (examples / "raw" / "esci").iterdir():
        (tmp_path / "esci" / file.name).symlink_to(file)
    (tmp_path / "esci" / "shopping_queries_dataset_sources.csv").write_text("query_id,source\n7,behavioral\n")
    _register("esci", database, tmp_path)
    assert database.execute("FROM esci_sources").fetchall() == [(7, "behavioral")]


@pytest.mark.parametrize(
    ("text", "query", "most"),
    [
        ("Cuisinart Electric Kettle", "hot kettles", True),
        ("BrüMate Hopsulator Twist", "brumate hopsulator", True),
        ("BrüMate Hopsulator Twist", "brumate hopsulator slim", False),
        ("Full Set Seat Covers fit for F150 Crew Cab", "ford f150", False),
        ("The Chemist", "stephenie meyer the seeker", False),
        ("Shark Party Centerpiece Sticks for Birthdays", "weather theme cutout", False),
        ("Birthday Party Sticks with a Shark", "shark birthday party sticks pack", True),
        ("Spring Notion Skinny Tie", "tie", True),  # no word that is long enough to compare
        ("Metallic Marker Pens for Black Paper, Rock Painting", "thin black paint makers", False),  # two of four
        ("A thing", "", True),
    ],
)
def test_what_of_a_query_a_title_names(
    database: duckdb.DuckDBPyConnection, examples: Path, tmp_path: Path, text: str, query: str, most: bool
) -> None:
    _register("esci", database, examples / "raw", tmp_path)
    given = database.execute("SELECT names_most_of($1, $2)", [text, query]).fetchone()
    assert given == (most,)


def test_misspelled_queries_are_left_out(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    queries = ["!awnmower tires", "0.0womens glasses", "2.5 inch hooks", "12 month socks"]
    rows = [(n, query, "us", f"p{n}", "E", "train") for n, query in enumerate(queries)]
    (tmp_path / "esci").mkdir()
    duckdb.execute(f"""
        COPY (SELECT * FROM (VALUES {", ".join(map(str, rows))})
              AS t(query_id, query, product_locale, product_id, esci_label, split))
        TO '{tmp_path / "esci" / "examples.parquet"}';
        COPY (SELECT 'p0' AS product_id, 'us' AS product_locale, 't' AS product_title, '' AS product_description,
                     '' AS product_bullet_point, '' AS product_brand, '' AS product_color)
        TO '{tmp_path / "esci" / "products.parquet"}'
        """)
    _register("esci", database, tmp_path)
    kept = database.execute("SELECT query FROM esci_judgements ORDER BY query_id").fetchall()
    assert kept == [("2.5 inch hooks",), ("12 month socks",)]


def test_a_missing_source_and_a_missing_file_are_named(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (tmp_path / "esci").mkdir()
    with pytest.raises(ShoptuneError, match=r"esci: contains no \*examples\*\.parquet"):
        _register("esci", database, tmp_path)


def test_ecinstruct_files_of_one_task(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """The authors' other download: one folder per task and setting, records without `task` and `split`."""
    record = {"instruction": "i", "input": "Nice", "options": '["A: good", "B: bad"]', "output": "A: good"}
    for name in ("Sentiment_Analysis/IND_Diverse_Instruction/train", "Sentiment_Analysis/Single_Instruction/test"):
        file = tmp_path / "ecinstruct" / f"{name}.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps([record | {"input": name}]))
    (tmp_path / "ecinstruct" / "train.json").write_text(json.dumps([record, record]))
    reader = _register("ecinstruct", database, tmp_path)
    assert database.execute("SELECT task, input, answer_index FROM ecinstruct").fetchall() == [
        ("Sentiment_Analysis", "Sentiment_Analysis/IND_Diverse_Instruction/train", 0)
    ]
    assert [(Path(m.file).name, m.records, m.reason) for m in reader.malformed] == [
        ("train.json", 2, "2 records: no field `task`, and the file's path names no task of ECInstruct")
    ]


def test_reviews_of_the_2018_release_are_set_aside(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (tmp_path / "reviews2023").mkdir()
    review = {"overall": 5.0, "reviewerID": "A1", "asin": "B1", "reviewText": "good", "unixReviewTime": 1}
    product = {"asin": "B1", "title": "Pan", "price": "$9.99", "category": ["Home"], "description": []}
    (tmp_path / "reviews2023" / "Toys.jsonl").write_text(json.dumps(review) + "\n")
    (tmp_path / "reviews2023" / "meta_Toys.jsonl").write_text(json.dumps(product) + "\n")
    reader = _register("reviews2023", database, tmp_path)
    assert database.execute("SELECT count(*) FROM reviews").fetchone() == (0,)
    assert [(Path(m.file).name, m.line, m.reason.partition(" the")[0]) for m in reader.malformed] == [
        ("Toys.jsonl", 1, "has none of"),
        ("meta_Toys.jsonl", 1, "lacks parent_asin"),
    ]


def test_products_exported_from_load_dataset(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """`datasets` writes `details` as JSON in a string, a missing price as 'None', and images as lists in an object."""
    (tmp_path / "reviews2023").mkdir()
    product = {"parent_asin": "B1", "title": "Pan", "price": "None", "details": '{"Brand": "Ace"}', "categories": ["A"]}
    product |= {"images": {"hi_res": ["x"], "large": ["y"]}, "subtitle": None, "author": "None", "store": "Ace"}
    (tmp_path / "reviews2023" / "meta_Toys.jsonl").write_text(json.dumps(product) + "\n")
    (tmp_path / "reviews2023" / "Toys.jsonl").write_text(json.dumps({"parent_asin": "B1", "text": "x"}) + "\n")
    reader = _register("reviews2023", database, tmp_path)
    assert database.execute("SELECT price, details->>'Brand', brand FROM reviews_products").fetchall() == [
        (None, "Ace", "Ace")
    ]
    assert not reader.malformed


def test_inferred_product_types_are_joined(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    folder = tmp_path / "reviews2023"
    folder.mkdir()
    lines = [{"parent_asin": str(n), "title": "Fancy thing", "categories": ["A", "For Him"]} for n in range(2)]
    (folder / "meta_Toys.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))
    (folder / "Toys.jsonl").write_text(json.dumps({"rating": 5.0, "text": "x", "parent_asin": "1"}) + "\n")
    database.execute(
        f"COPY (SELECT '1' AS parent_asin, 'tie' AS product_type) TO '{folder / 'product_types_by_model.parquet'}'"
    )
    _register("reviews2023", database, tmp_path)
    rows = database.execute("SELECT product_type FROM reviews_products ORDER BY parent_asin").fetchall()
    assert rows == [(None,), ("tie",)]


def test_a_leaf_that_ends_many_titles_is_a_type(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    folder = tmp_path / "reviews2023"
    folder.mkdir()
    lines = [
        {"parent_asin": f"{leaf}{n}", "title": f"Brand {n} {ending}, red", "categories": ["A", leaf]}
        for leaf, ending in [("Gizmos", "Gizmo"), ("Wonders", "Gizmo"), ("For Him", "for him")]
        for n in range(30)
    ]
    (folder / "meta_Toys.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))
    (folder / "Toys.jsonl").write_text(json.dumps({"rating": 5.0, "text": "x", "parent_asin": "1"}) + "\n")
    _register("reviews2023", database, tmp_path)
    rows = database.execute("SELECT categories[-1], product_type FROM reviews_products GROUP BY ALL").fetchall()
    assert sorted(rows, key=str) == [("For Him", None), ("Gizmos", "gizmo"), ("Wonders", None)]


def test_markup_of_players_and_shops_is_removed_from_reviews(
    database: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    folder = tmp_path / "reviews2023"
    folder.mkdir()
    text = (
        "[[VIDEOID:abc123]] The media could not be loaded.<br />Love &#34;it&#34; &amp; [[ASIN:B08XYZ1234 this lamp]]!"
        "<br /><br />5 < 6"
    )
    (folder / "meta_Toys.jsonl").write_text(json.dumps({"parent_asin": "1", "title": "t"}) + "\n")
    review = {"rating": 5.0, "title": "It&#39;s fine", "text": text, "parent_asin": "1"}
    (folder / "Toys.jsonl").write_text(json.dumps(review) + "\n")
    _register("reviews2023", database, tmp_path)
    assert database.execute("SELECT title, text FROM reviews").fetchall() == [
        ("It's fine", 'Love "it" & this lamp! 5 < 6')
    ]


def test_a_damaged_parquet_file_of_mmlu_is_set_aside(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (tmp_path / "mmlu").mkdir()
    (tmp_path / "mmlu" / "law_dev.csv").write_text("How?,i,j,k,l,D\n")
    (tmp_path / "mmlu" / "bad.parquet").write_bytes(b"PAR1, but not whole")
    (tmp_path / "mmlu" / "good.parquet").touch()
    database.execute(
        "COPY (SELECT 'Why?' AS question, 'law' AS subject, ['i','j','k','l'] AS choices, 3 AS answer) TO "
        f"'{tmp_path}/mmlu/good.parquet'"
    )
    reader = _register("mmlu", database, tmp_path)
    assert database.execute("SELECT question FROM mmlu ORDER BY question").fetchall() == [("How?",), ("Why?",)]
    assert [(Path(m.file).name, m.reason.partition(" (")[0]) for m in reader.malformed] == [
        ("bad.parquet", "cannot be read")
    ]

"""Texts in another language are found; those that only look like it, such as part numbers, are kept."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from shoptune.data.filters.language import is_in_another_language, languages_named

SAMPLES = Path(__file__).parents[4] / "shared" / "data"
THRESHOLD = 0.02  # the default of a mixture


def _foreign(text: str, *languages: str) -> bool:
    return is_in_another_language(text, set(languages), THRESHOLD)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Muy bonito como lo quería. Muy contenta con mi anillo, igual a la foto.", "es"),
        ("Das Kleid ist sehr schön und passt wie angegossen, gerne wieder.", "de"),
        ("La qualité est très bonne et la livraison était rapide, je recommande.", "fr"),
        ("Prodotto di ottima qualità, arrivato in anticipo e ben imballato.", "it"),
        ("とても良い商品でした。また購入したいと思います。", "ja"),
        ("The dress is lovely and fits as described, I would buy it again.", "en"),
    ],
)
def test_a_sentence_is_in_its_own_language_and_in_no_other(text: str, language: str) -> None:
    others = {"en", "de", "fr", "it", "es", "ja"} - {language}
    assert not _foreign(text, language)
    assert not _foreign(text, *others, language)
    assert all(_foreign(text, other) for other in others)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Excelente",  # too short to say
        "285809 AP3094543 3951650 3951682 470910 AH334648 EA334648 Agitator Kit",
        "Whirlpool 4454392 Module",
        "👍👍👍👍👍👍👍👍👍👍",
        "TheMogan Women's S~3X Casual Cozy Oversized Crew Neck Fleece Pullover Sweatshirts",
        "50 PCS Blue Face Masks Non Woven Thick 3 Layers Breathable Facial Masks with Adjustable Earloop",
    ],
)
def test_what_has_no_language_is_kept(text: str) -> None:
    assert not _foreign(text, "en")


def test_an_unknown_language_matches_any_text() -> None:
    assert not _foreign("Das Kleid ist sehr schön und passt wie angegossen.", "tlh")


def test_languages_are_recognized_by_their_names() -> None:
    assert languages_named("Translate the English title into German or Japanese.") == {"en", "de", "ja"}
    assert languages_named("Germanic and frenchfries") == set()


def _reviews() -> list[str]:
    texts = []
    for file in ("Amazon_Fashion_1008", "Patio_Lawn_and_Garden_100", "reviews_24categories_partial"):
        lines = (SAMPLES / "reviews2023" / f"{file}.jsonl").read_text(encoding="utf-8").splitlines()
        texts += [f"{review['title']}\n{review['text']}" for review in map(json.loads, lines)]
    return texts


@pytest.mark.skipif(not SAMPLES.exists(), reason="the real data are not here: shared/data")
def test_of_the_real_reviews_the_six_in_spanish_are_found() -> None:
    found = [text for text in _reviews() if _foreign(text, "en")]
    assert len(found) == 6
    assert all(not _foreign(text, "es") for text in found)


@pytest.mark.skipif(not SAMPLES.exists(), reason="the real data are not here: shared/data")
def test_real_titles_in_their_own_language_are_kept() -> None:
    languages = {"DE": "de", "IT": "it", "FR": "fr", "JP": "ja", "ES": "es", "UK": "en"}
    file = SAMPLES / "amazon_m2" / "products_rows_from_notebook_tables.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        products = list(csv.DictReader(lines))
    # English is accepted in addition to a row's language: prompts are English, and so are many titles.
    kept = [not _foreign(product["title"], languages[product["locale"]], "en") for product in products]
    assert len(kept) == 70
    assert all(kept)
    foreign = [_foreign(f"{product['title']} {product['desc']}", "es") for product in products]
    assert sum(foreign) >= 35  # half of them, though they are cut after 50 characters

"""Profane words are found in each language of the benchmark; goods that share a word with the lists are kept."""

from __future__ import annotations

import pytest

from shoptune.data.filters.profanity import has_profanity, inoffensive, word_list

LANGUAGES = ("en", "de", "fr", "it", "es", "ja")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("This is a piece of shit!", "en"),
        ("What the FUCK, it broke", "en"),
        ("total sh!t", "en"),
        ("it is a clusterfuck", "en"),
        ("So eine Scheiße, passt nicht", "de"),
        ("c'est de la merde", "fr"),
        ("che cazzo di prodotto", "it"),
        ("una mierda", "es"),
        ("くそ、ファックだ", "ja"),
        ("Das ist bullshit", "de"),
    ],
)
def test_found(text: str, language: str) -> None:
    assert has_profanity(text, {language, "en"})


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "en"),
        ("Nude heels, sexy black panties, XXX-Large, with butt lift", "en"),
        ("Garden hoe and snatch block, brass nipple for a hose, big black bag", "en"),
        ("Assorted classic cocktail glasses for Scunthorpe", "en"),
        ("How to kill weeds; a Maine coon; twinkie; kinky curly hair", "en"),
        ("the victim of a rape, sexual reproduction, anatomy of the penis", "en"),
        ("Guanto da forno, pesce, pompa dell'acqua, sega circolare, pistola a spruzzo", "it"),
        ("Martillo y concha de mar, infierno verde", "es"),
        ("Veuve noire, pédale de vélo, petit con de manche", "fr"),
        ("Nippel und Rosette für Heizkörper, nackt", "de"),
        ("ランジェリー フック 幼児用 いたずら防止カバー スリット", "ja"),
        ("anything goes", "xx"),
    ],
)
def test_kept(text: str, language: str) -> None:
    assert not has_profanity(text, {language, "en"})


@pytest.mark.parametrize("language", LANGUAGES)
def test_exceptions_are_words_of_the_list(language: str) -> None:
    from glin_profanity.data.dictionary import dictionary

    names = {"en": "english", "de": "german", "fr": "french", "it": "italian", "es": "spanish", "ja": "japanese"}
    listed = {word.casefold() for word in dictionary.get_words(names[language])}
    assert inoffensive()[language] <= listed
    left = word_list(language)
    assert left.words or left.others

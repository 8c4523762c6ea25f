"""The tables of Reviews 2023's reviews: cleaned texts, keyphrases, and the aspects that there are.

- reviews(key, category, rating, title, text, parent_asin, user_id, timestamp, helpful_vote, review): `review` is the
  title and the text together, without a title that says only how many stars there are, or that begins the text.
- review_keyphrases(key, category, aspect, phrase, praises): see `shoptune.data.parsing.aspects`; of a sample of the
  reviews by hash. Files `review_keyphrases*.parquet` of these columns, such as a model makes, add theirs.
- review_aspects(aspect, family, is_general, hints): aspects of one family are near each other; general ones fit nearly
  every review; hints are stems of words by which a review may mean the aspect.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shoptune.data.parsing.aspect_lexicon import STEMS_MACRO, lexicon
from shoptune.data.readers.source_reader import SourceReader

# What players and shops put into texts: markers of videos and products, and what shows in place of a video.
_CLEAN = r"""
    trim(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
        CASE WHEN contains({0}, '&') THEN unescape_html({0}) ELSE {0} END,
        '\[\[ASIN:\w+ ?([^\]]*)\]\]', '\1', 'g'),
        '\[\[\w+:[^\]]*\]\]|The media could not be loaded\.?|Your browser does not support HTML5 video\.?', ' ', 'gi'),
        '</?[a-zA-Z][^<>]{{0,200}}>', ' ', 'g'), '[ \t\x{{00a0}}]+', ' ', 'g'))"""

_REVIEWS = f"""
    SELECT *, CASE WHEN regexp_full_match(trim(title, ' .!'), '(?i)((one|two|three|four|five|[1-5]) stars?)?')
                     OR starts_with(lower(text), lower(regexp_replace(title, '[ .\u2026]+$', '')))
                   THEN text ELSE concat(title, chr(10), text) END AS review
    FROM (
      SELECT md5(concat_ws('|', user_id, parent_asin, timestamp, text)) AS key, category, rating,
             {_CLEAN.format("title")} AS title, {_CLEAN.format("text")} AS text, parent_asin, user_id, timestamp,
             helpful_vote
      FROM (SELECT * EXCLUDE (filename), regexp_extract(filename, '([^/]+)\\.jsonl', 1) AS category FROM raw_reviews))
    """

# Keyphrases of a sample of the reviews by hash, and those that a model found.
_KEYPHRASES = """
    SELECT key, category, found.aspect AS aspect, found.phrase AS phrase, found.praises AS praises
    FROM (SELECT key, category, unnest(keyphrases_of(review)) AS found
          FROM (SELECT DISTINCT ON (key) * FROM reviews ORDER BY key)
               CROSS JOIN (SELECT 1 + count(*) // 400000 AS share FROM raw_reviews)
          WHERE length(review) BETWEEN 4 AND 2000 AND md5_number_lower(key) % share = 0)
    """

# An aspect that only a model knows is a family of its own.
_ASPECTS = """
    SELECT * FROM (VALUES {values}) AS lexicon(aspect, family, is_general, hints)
    UNION ALL
    SELECT DISTINCT aspect, aspect, false, list_distinct(stems_of(aspect))
    FROM review_keyphrases WHERE aspect NOT IN ({names})
    """


def create_review_tables(reader: SourceReader, inferred: Sequence[Path]) -> None:
    """Create the tables from `raw_reviews`.

    Args:
        reader: has read the reviews.
        inferred: files of keyphrases that a model found.
    """
    reader.macro("stems_of", STEMS_MACRO)
    reader.create("reviews", _REVIEWS, sample_by="user_id")
    query = _KEYPHRASES
    if inferred:
        rows = reader.parquet(inferred, ("key", "category", "aspect", "phrase", "praises"))
        query += f"""UNION SELECT key, category, aspect, phrase, praises FROM {rows}
                     SEMI JOIN reviews USING (key, category)"""
    # Short reviews may hold none: a row of nulls, which no join finds, stands for an empty table.
    reader.create("review_keyphrases", f"{query} UNION ALL SELECT NULL, NULL, NULL, NULL, NULL")
    known = lexicon()
    values = ", ".join(
        f"('{aspect}', '{family}', {aspect in known.general}, {sorted(known.hints[aspect])})"
        for aspect, family in known.group.items()
    )
    names = ", ".join(f"'{aspect}'" for aspect in known.group)
    reader.join("review_aspects", _ASPECTS.format(values=values, names=names))

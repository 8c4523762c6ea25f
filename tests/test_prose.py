"""No phrase that reads as a translation, and no private term, in anything that a person reads; see CONTRIBUTING.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_FOLDERS = (
    *("benchmarks", "data_recipes", "docs", "examples", "infer", "merge", "pipelines", "quantize", "requirements"),
    *("src", "tests", "training_configs"),
)
_SUFFIXES = {".md", ".py", ".yaml", ".toml", ".mk", ".sh", ".jinja"}
# Data, not prose: word lists, questions of the shop, golden texts.
_DATA = re.compile(
    r"/(?:lexicons|golden)/|/examples/shop/facts|/tests/data/parsing/|/tests/shopbench/test_other_wording"
)
_EXEMPT = re.compile(r"<!-- prose: -->")  # the rows of the table in CONTRIBUTING.md

_PER = (
    r"\b(?:one|two|three|four|five|six|several|rows|tokens|words|entries|entities|texts|tests"
    r"|(?:one )?(?:entry|line|lock|problem|row|target))"
    r" an? (?:adapter|batch|block|core|entity|environment|file|key|line|list|locale|lock|machine|matrix|member|mixture"
    r"|page|problem|product|query|question|row|source|stage|step|task|tensor|test|text|type|user|window)\b"
)
PHRASES: dict[str, str] = {
    "one lock a stage": _PER,
    "it goes on where it was": r"\b(?:goes?|went|going) on (?:where|from)\b",
    "is no artifact": r"\b(?:is|are) no (?:artifact|regular|safetensors|JSON|text|number|label|answer|question|YAML)\b",
    "not as it must be": r"\bas (?:it|they) must be\b",
    "what a user can mend": r"\bmend(?:s|ed|ing|able)?\b",
    "put right by hand": r"\bput right\b",
    "all problems are told together": r"\b(?:told|tells)\b",
    "all of them at once": r"\ball (?:of them )?at once\b",
    '"""What the command line gives."""': r'"""What ',
    "a faulty config": r"\bfaulty\b",
    "written beside the artifact": r"\bbeside\b",
    "whatever the number of workers": r"\bwhatever\b",
    "holds no rows": r"\bholds? no\b(?! (?:header|JSON object)\b)",
    "name another --out": r"\bname (?:another|an --out)\b",
    "make it first": r"\bmake it first\b",
    "which is the user's to set": r"\b(?:user|reader|caller)'s to (?:set|decide|choose)\b",
    "a query that cannot do with it": r"\b(?:can|cannot|must|to|could) do with(?:out)? (?:it|them|that)\b",
    "what is loaded is left alone": r"\b(?:is|are|be) left alone\b",
    "an order that the cache likes": r"\bthat the (?:\w+ )?cache likes\b",
    "the disk is what a merge waits for": r"\bis what (?:a|the) \w+ waits for\b",
    "written anew": r"\banew\b",
    "not at hand": r"\bat hand\b",
    "a config of shoptune's": r"\bof (?:shoptune|axolotl|AutoAWQ|PEFT|transformers)'s\b(?! own)",
    "a desk of blocks": r"\bdesks?\b",
    "the sieve": r"\bsieves?\b",
    "the tally": r"\btall(?:y|ies)\b",
    "the intake": r"\bintakes?\b",
    "room for memory": r"\broom for memory\b|\b(?:has|have|needs?|more|less|memory) room\b",
    "the collector": r"(?<!garbage )\bcollector\b",
    "strangers": r"(?<!\w)strangers?\b",
    "solved questions": r"\bsolved questions?\b",
    "few shots": r"\bshots\b(?!\.yaml)",
    "exemplars": r"\bexemplars?\b(?!`|\.yaml)",
}


def _files() -> list[Path]:
    inside = (path for folder in _FOLDERS for path in (ROOT / folder).rglob("*"))
    candidates = [*ROOT.glob("*.md"), ROOT / "Makefile", ROOT / "pyproject.toml", *inside]
    return sorted(
        path
        for path in candidates
        if path.is_file()
        and (path.suffix in _SUFFIXES or path.name == "Makefile")
        and not _DATA.search(path.as_posix())
        and path != Path(__file__)
    )


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines that a person reads; of recipes, the comments only, since the rest is SQL and questions."""
    recipe = file.suffix == ".yaml" and "data_recipes" in file.parts
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not _EXEMPT.search(line) and (not recipe or line.lstrip().startswith("#")):
            yield number, line


def test_there_is_something_to_read() -> None:
    assert len(_files()) > 400


@pytest.mark.parametrize("example", PHRASES)
def test_each_pattern_finds_its_example(example: str) -> None:
    assert re.search(PHRASES[example], example, re.IGNORECASE)


def test_nothing_reads_as_a_translation() -> None:
    patterns = [re.compile(pattern, re.IGNORECASE) for pattern in PHRASES.values()]
    found = [
        f"{file.relative_to(ROOT)}:{number}: {match[0]}"
        for file in _files()
        for number, line in _lines(file)
        for pattern in patterns
        if (match := pattern.search(line))
    ]
    assert found == []

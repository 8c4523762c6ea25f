"""Phrasings in the layout of the benchmark's questions."""

from __future__ import annotations

import re
from typing import Literal

from shoptune.teach.check import Answer, Record
from shoptune.teach.checks._phrasings import SeedCheck, last_line, tags

# What speaks to the model that fills in templates, or about them.
_ABOUT_TEMPLATES = re.compile(r"\b(?:slots?|placeholders?|templates?|phrasings?|wordings?|benchmark)\b", re.IGNORECASE)
_LIST = re.compile(r"(?P<before>(?:\n|^)(?:\{%.*?%\}|[ \t])*)?\{\{ ?options\b.*?\}\}[ \t]*(?P<after>\n|$)?")


class Layout(SeedCheck):
    """Accept phrasings that end as a seed phrasing does, with a list of options on lines of its own."""

    name: Literal["layout"] = "layout"

    def normal(self, answer: Answer, record: Record) -> Answer:
        """Write the last line exactly as the seed phrasings do, with its blank at the end."""
        text = answer[self.field].replace("\r\n", "\n").replace("\\n", "\n").strip()
        for ending in sorted(map(last_line, record[self.seeds]), key=len, reverse=True):
            label = ending.strip()
            if label and text.endswith("\n" + label):
                return {**answer, self.field: text.removesuffix("\n" + label) + ending}
        return {**answer, self.field: text}

    def reason(self, answer: Answer, record: Record) -> str | None:
        """Look at the last line, the list, and words about templates."""
        text, seeds = answer[self.field], list(record[self.seeds])
        endings = {last_line(seed) for seed in seeds}
        if last_line(text) not in endings and not (any(tags(ending) for ending in endings) or "" in endings):
            return f"{self.field} ends in another way"
        lists = list(_LIST.finditer(text))
        if len(lists) > 1 or any(match["before"] is None or match["after"] is None for match in lists):
            return f"{self.field} has the list within a line, or twice"
        if any(line.strip() != line.rstrip() for line in text.split("\n")):
            return f"{self.field} has indented lines"
        if _ABOUT_TEMPLATES.search(re.sub(r"\{.*?\}", "", text)) and not any(map(_ABOUT_TEMPLATES.search, seeds)):
            return f"{self.field} speaks of templates"
        return None

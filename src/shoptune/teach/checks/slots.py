"""Phrasings that keep the slots of their task."""

from __future__ import annotations

import functools
from typing import Literal

from shoptune.teach.check import Answer, Record
from shoptune.teach.checks._phrasings import SeedCheck, tags

_DEEPEST_LOOP = 1


class Slots(SeedCheck):
    """Reject phrasings that lack a slot which all seed phrasings have, or that have a tag which none of them has.

    Tags are copied from the seed phrasings, so that a teacher cannot write template code of its own.
    """

    name: Literal["slots"] = "slots"

    def reason(self, answer: Answer, record: Record) -> str | None:
        """Compare the tags, and the variables in them."""
        text, seeds = answer[self.field], list(record[self.seeds])
        variables = _variables(text)
        if variables is None:
            return f"{self.field} is not a valid template"
        known = {tag for seed in seeds for tag in tags(seed)}
        if not known.issuperset(tags(text)):
            return f"{self.field} has a slot of its own"
        if _depth(text) > _DEEPEST_LOOP:
            return f"{self.field} has a loop in a loop"
        if not frozenset.intersection(*[_variables(seed) or frozenset() for seed in seeds]) <= variables:
            return f"{self.field} lacks a slot"
        return None


@functools.lru_cache(maxsize=4096)
def _variables(template: str) -> frozenset[str] | None:
    """The columns that a template reads; None if it is malformed."""
    from jinja2 import TemplateSyntaxError
    from jinja2.meta import find_undeclared_variables
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment()
    environment.filters["plural"] = str
    try:
        return frozenset(find_undeclared_variables(environment.parse(template)))
    except TemplateSyntaxError:
        return None


def _depth(template: str) -> int:
    """How deeply loops are nested."""
    depth = deepest = 0
    for tag in tags(template):
        depth += tag.startswith(("{% for", "{%- for")) - tag.startswith(("{% endfor", "{%- endfor"))
        deepest = max(deepest, depth)
    return deepest

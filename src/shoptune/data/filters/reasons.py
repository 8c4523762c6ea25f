"""Why rows are dropped: the text that is counted, by the filter that drops them."""

from __future__ import annotations

from collections.abc import Mapping

from shoptune.data.mixture import Mixture

WRONG_LANGUAGE = "language: the text is in another language than the row"
EMAIL = "personal data: an e-mail address"
PHONE = "personal data: a phone number"
ORDER_NUMBER = "personal data: an order number"
PROFANITY = "profanity: a word of the list for the row's language"
SPECIAL_CHARACTERS = "special characters: a larger share than max_special_characters"
DUPLICATE = "duplicate: the same question"
NEAR_DUPLICATE = "near-duplicate of another question of the task"
NEAR_DUPLICATE_ELSEWHERE = "near-duplicate of a question of another task"
CONTAMINATED = "contaminated: overlaps a question of the benchmark"
JUDGE = "judge: the teacher scores the row below the mixture's limits"
SHORTCUT = "shortcut: shared words give the answer away"

# By the key of the mixture that turns a filter off; duplicates are always dropped.
BY_KEY: Mapping[str, tuple[str, ...]] = {
    "language_threshold": (WRONG_LANGUAGE,),
    "drop_personal_data": (EMAIL, PHONE, ORDER_NUMBER),
    "drop_profanity": (PROFANITY,),
    "max_special_characters": (SPECIAL_CHARACTERS,),
    "near_duplicates": (NEAR_DUPLICATE,),
    "near_duplicates_across_tasks": (NEAR_DUPLICATE_ELSEWHERE,),
    "decontaminate_against": (CONTAMINATED,),
    "limit_word_overlap": (SHORTCUT,),
    "judge": (JUDGE,),
}
_ON_PURPOSE = frozenset({SHORTCUT, JUDGE})  # the mixture sets limits that good records may exceed
_ONLY_IF_ON = frozenset({"judge"})  # keys that are listed only by mixtures that have them


def unwanted(counts: Mapping[tuple[str, str, str], int]) -> int:
    """How many records were dropped for their content, given rejects by source, task and reason."""
    return sum(count for (_, _, reason), count in counts.items() if reason not in _ON_PURPOSE)


def dropped_by_filter(counts: Mapping[tuple[str, str, str], int], mixture: Mixture) -> dict[str, int | None]:
    """How many rows each filter has dropped; None for those that are off.

    Args:
        counts: rejects by source, task and reason.
        mixture: says which filters are off.
    """
    by_reason: dict[str, int] = {}
    for (_, _, reason), count in counts.items():
        by_reason[reason] = by_reason.get(reason, 0) + count
    return {
        key: sum(by_reason.get(reason, 0) for reason in reasons) if getattr(mixture, key) else None
        for key, reasons in BY_KEY.items()
        if getattr(mixture, key) or key not in _ONLY_IF_ON
    }

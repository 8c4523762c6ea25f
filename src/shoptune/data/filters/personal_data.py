"""E-mail addresses, phone numbers and order numbers in texts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from shoptune.data.filters.reasons import EMAIL, ORDER_NUMBER, PHONE

if TYPE_CHECKING:
    from phonenumbers import PhoneNumberMatch

_DIGIT = re.compile(r"\d")
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_NOBODYS = ("example.com", "example.org", "example.net")  # reserved for documentation by RFC 2606
# Digits in groups: what is written in one piece is a part number far more often than a phone number.
_GROUPED = re.compile(r"(?<!\w)(?:\+|\()?\d{1,5}(?:[ ()./\u2010-\u2015-]{1,2}\d{1,8}){1,7}(?!\w)")
_REGIONS = {"en": ("US", "GB"), "de": ("DE", "AT"), "fr": ("FR",), "it": ("IT",), "es": ("ES", "MX"), "ja": ("JP",)}
_SEVEN_DIGITS = re.compile(r"(?:\d[ ()./\u2010-\u2015-]{0,2}){7}")
_AMAZON_ORDER = re.compile(r"(?<![\w-])\d{3}-\d{7}-\d{7}(?![\w-])")
_ORDER_WORDS = ("order", "bestell", "commande", "pedido", "ordine", "注文")
_ORDER = re.compile(
    r"""(?:\border\s*(?:number|num\b\.?|no\b\.?|id\b|\#)|\bbestell(?:nummer|-?nr\.?)|\b(?:num[ée]ro|n°)\s*de\s*commande
    |\b(?:n[úu]mero|n\.?º)\s*de\s*pedido|\bnumero\s*(?:d['\u2019]|di\s*|dell['\u2019])ordine|注文番号)
    \s*(?:is|was|ist|est|es|è|は|:|\uff1a|\#)?\s*
    (?=[A-Z0-9-]*\d[A-Z0-9-]*\d[A-Z0-9-]*\d[A-Z0-9-]*\d)[A-Z0-9][A-Z0-9-]{5,}""",
    re.IGNORECASE | re.VERBOSE,
)


def personal_data(text: str, languages: Collection[str]) -> str | None:
    """The reason to drop a text for the first personal data that it holds, or None.

    Args:
        text: a text in any language.
        languages: ISO 639 codes; phone numbers without a country's prefix are those of their countries.
    """
    if "@" in text and any(_is_address(found) for found in _ADDRESS.findall(text)):
        return EMAIL
    lower = text.lower()
    if any(word in lower for word in _ORDER_WORDS) and _ORDER.search(text):
        return ORDER_NUMBER
    if not _SEVEN_DIGITS.search(text):
        return None
    if _AMAZON_ORDER.search(text):
        return ORDER_NUMBER
    return PHONE if _GROUPED.search(text) and _has_phone_number(text, languages) else None


def without_personal_data(text: str, languages: Collection[str]) -> str:
    """Replace e-mail addresses, phone numbers and order numbers by `[e-mail]`, `[phone]` and `[order number]`.

    `personal_data` finds nothing in the result.

    Args:
        text: a text in any language.
        languages: as for `personal_data`.
    """
    while personal_data(text, languages):
        before = text
        text = _ADDRESS.sub(lambda found: "[e-mail]" if _is_address(found[0]) else found[0], text)
        text = _AMAZON_ORDER.sub("[order number]", _ORDER.sub("[order number]", text))
        while match := next(_phone_numbers(text, languages), None):
            text = f"{text[: match.start]}[phone]{text[match.end :]}"
        if text == before:  # found only across the whole text
            return _DIGIT.sub("#", text).replace("@", " at ")
    return text


def _is_address(text: str) -> bool:
    """Whether someone may have this address."""
    if text.rstrip(".-").endswith(_NOBODYS):
        return False
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(text.rstrip(".-"), check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def _has_phone_number(text: str, languages: Collection[str]) -> bool:
    """Whether a text has a number that a person may have, written in the groups that its country uses."""
    return next(_phone_numbers(text, languages), None) is not None


def _phone_numbers(text: str, languages: Collection[str]) -> Iterator[PhoneNumberMatch]:
    """Yield the matches of such numbers, country by country; those of two countries may overlap."""
    from phonenumbers import Leniency, PhoneNumberMatcher, PhoneNumberType, number_type

    of_firms = {
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
    }
    regions = dict.fromkeys(region for language in languages for region in _REGIONS.get(language, ()))
    for region in regions or ("US",):
        for match in PhoneNumberMatcher(text, region, leniency=Leniency.STRICT_GROUPING):
            if _GROUPED.fullmatch(match.raw_string) and number_type(match.number) not in of_firms:
                yield match

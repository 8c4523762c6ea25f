"""E-mail addresses, phone numbers and order numbers are found; part numbers, prices and sizes are not."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shoptune.data.filters.personal_data import personal_data, without_personal_data


@pytest.mark.parametrize(
    ("text", "language", "kind"),
    [
        ("write to jane.doe+shop@gmail.com for a refund", "en", "an e-mail address"),
        ("(jane@firm.co.uk).", "en", "an e-mail address"),
        ("call me at (212) 736-5000 after six", "en", "a phone number"),
        ("212-736-5000", "en", "a phone number"),
        ("212.736.5000 or so", "en", "a phone number"),
        ("my number is +49 30 901820", "en", "a phone number"),
        ("Rufen Sie an: 030 901820", "de", "a phone number"),
        ("appelez le 01 42 68 53 00", "fr", "a phone number"),
        ("電話は 03-3580-3311 です", "ja", "a phone number"),
        ("my order 112-7654321-1234567 never came", "en", "an order number"),
        ("Order number: 30045678", "en", "an order number"),
        ("order # AB-1234567 was late", "en", "an order number"),
        ("Bestellnummer: 40012345", "de", "an order number"),
        ("numéro de commande 402123456", "fr", "an order number"),
        ("número de pedido: 20031234", "es", "an order number"),
        ("numero d'ordine 20031234", "it", "an order number"),
        ("注文番号：250-1234567-1234567", "ja", "an order number"),
    ],
)
def test_found(text: str, language: str, kind: str) -> None:
    assert personal_data(text, {language}) == f"personal data: {kind}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jane@example.com is nobody's address",
        "bolts @ 3.50 each, size 4@6",
        "call 1-800-275-2273, a firm's own number",
        "Frigidaire 5304518661 Replacement Parts",
        "SUZUKI: 31220-51A10 31220-52A20, TOYOTA: 28150-10020 28150-11710 28150-11771",
        "Edgewater Parts 240356401-2, AP2116036, PS423773",
        "DC93-00634A Dryer Idler Pulley and 6602-001655 Dryer Belt",
        "0. $70,000\n1. $75,000\n2. $80,000\n3. 100000\nAnswer: ",
        "12 x 34 x 56 cm, 1,000,000 pieces, 3.5-4.5 mm",
        "in order not to change the future of 20031234",
        "they ordered 5 times, order number 3 of 12",
        "ISBN 978-0-306-40615-7, EAN 4 006381 333931",
        "2021-11-05 10:30, version 2.10.3.4",
    ],
)
def test_kept(text: str) -> None:
    assert personal_data(text, {"en"}) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to jane.doe+shop@gmail.com today, or jim@firm.co.uk", "write to [e-mail] today, or [e-mail]"),
        ("call (212) 736-5000 or 212-736-5001 after six", "call [phone] or [phone] after six"),
        ("order 112-7654321-1234567, order number: 30045678.", "order [order number], [order number]."),
        ("jane@example.com, size 4@6, part 31220-51A10", "jane@example.com, size 4@6, part 31220-51A10"),
        ("", ""),
    ],
)
def test_removed(text: str, expected: str) -> None:
    assert without_personal_data(text, {"en"}) == expected


_PIECES = st.sampled_from(
    [
        "jane@gmail.com",
        "212-736-5000",
        "(212) 736",
        "-5000",
        "+49 30 901820",
        "112-7654321-1234567",
        "order number ",
        "12345678",
    ]
)


@given(st.lists(_PIECES | st.text(max_size=4), max_size=6).map("".join))
@example("order number order number 12345678 jane@gmail.com@gmail.com")
def test_nothing_is_left_in_any_text(text: str) -> None:
    assert personal_data(without_personal_data(text, {"en", "de"}), {"en", "de"}) is None

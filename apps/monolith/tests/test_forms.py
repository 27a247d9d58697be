from __future__ import annotations

import pytest
from monolith.forms import FIELDS, check, is_phone_number

GOOD = {
    "name": "Finca Aurora",
    "address": "Carretera 14",
    "city": "Antigua",
    "state": "Sacatepéquez",
    "email": "hola@aurora.example",
    "phone": "5141234567",
}


@pytest.mark.parametrize(
    "phone",
    [
        "5141234567",
        "+15142345678",
        "514-234-5678",
        "0612345678",
        "06 12 34 56 78",
        "(207) 555-0148",
        "+1 (514) 234-5678 ext. 12",
        "+44 (0)20 7946 0958",
        "0049 30/901820",
        "+254.712.345.678",
        "5551234",
        "+502 5514 2378",
        "+49 (0) 30 901820",
    ],
)
def test_phone_numbers_of_any_country(phone: str) -> None:
    assert is_phone_number(phone)


@pytest.mark.parametrize(
    "phone",
    [
        "",
        "123",
        "555123",
        "phone",
        "514-234-567x",
        "++15142345678",
        "1" * 16,
        "1 2 3",
        "٠٦١٢٣٤٥٦٧٨",
    ],
)
def test_what_is_no_phone_number(phone: str) -> None:
    assert not is_phone_number(phone)


def test_long_text_is_judged_quickly() -> None:
    assert not is_phone_number("1" + " -" * 50_000)
    assert not is_phone_number("1 " * 50_000 + "x")


def test_values_are_trimmed() -> None:
    form = check({name: f"  {value}\t" for name, value in GOOD.items()})
    assert form.valid
    assert form.values == GOOD


@pytest.mark.parametrize("name", ["name", "address", "city", "state", "phone"])
def test_required(name: str) -> None:
    form = check(GOOD | {name: "   "})
    assert list(form.errors) == [name]
    assert list(check({k: v for k, v in GOOD.items() if k != name}).errors) == [name]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_column_is_never_too_short(field: object) -> None:
    name = getattr(field, "name")  # noqa: B009
    longest = getattr(field, "longest")  # noqa: B009
    assert list(check(GOOD | {name: "1" * (longest + 1)}).errors) == [name]


@pytest.mark.parametrize("text", ["two\nlines", "nul\0", "bell\a", "tab\there"])
def test_control_characters_are_refused(text: str) -> None:
    assert list(check(GOOD | {"name": text}).errors) == ["name"]


@pytest.mark.parametrize(
    "email", ["x", "a@b", "a b@c.example", "a@@c.example", "@c.example", "a@c."]
)
def test_email_is_checked_when_given(email: str) -> None:
    assert list(check(GOOD | {"email": email}).errors) == ["email"]
    assert check(GOOD | {"email": ""}).valid

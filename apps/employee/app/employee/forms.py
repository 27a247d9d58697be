"""What is asked about a supplier, and what counts as an answer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Field:
    """One question of the form. The names are those of the table's columns."""

    name: str
    label: str
    hint: str = ""
    required: bool = True
    longest: int = 255
    type: str = "text"
    autocomplete: str = "off"


FIELDS = (
    Field("name", "Name", autocomplete="organization"),
    Field("address", "Address", autocomplete="street-address"),
    Field("city", "City", autocomplete="address-level2"),
    Field("state", "State or province", autocomplete="address-level1"),
    Field("email", "Email", required=False, type="email", autocomplete="email"),
    Field(
        "phone",
        "Phone",
        hint="With area code, for example 514-234-5678 or +33 6 12 34 56 78.",
        longest=100,
        type="tel",
        autocomplete="tel",
    ),
)

EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")

# Digits in groups, maybe a country code and an extension; 15 digits is E.164's limit.
PHONE = re.compile(
    r"(\+|00)?(?P<number>[(]?[0-9](?:[ ./()-]{0,3}[0-9])*)( ?(ext\.?|x|#) ?[0-9]{1,6})?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class SupplierForm:
    """What was typed, trimmed, and what is wrong with it by field."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def valid(self) -> bool:
        return not self.errors


def check(typed: Mapping[str, str]) -> SupplierForm:
    """Check what was typed. Fields that were not sent count as empty."""
    values = {question.name: typed.get(question.name, "").strip() for question in FIELDS}
    problems = {question.name: _problem(question, values[question.name]) for question in FIELDS}
    return SupplierForm(values, {name: text for name, text in problems.items() if text})


def _problem(question: Field, value: str) -> str | None:
    if not value:
        return f"Enter the supplier's {question.label.lower()}." if question.required else None
    if len(value) > question.longest:
        return f"{question.label} can have {question.longest} characters at most."
    if any(unicodedata.category(character) == "Cc" for character in value):
        return f"{question.label} must be a single line of text."
    if question.name == "email" and not EMAIL.fullmatch(value):
        return "Enter an email address such as name@example.com, or leave it empty."
    if question.name == "phone" and not is_phone_number(value):
        return "Enter a phone number with 7 to 15 digits, for example 514-234-5678."
    return None


def is_phone_number(text: str) -> bool:
    """Whether this could be a phone number somewhere in the world."""
    match = PHONE.fullmatch(text)
    return match is not None and 7 <= sum(c.isdigit() for c in match["number"]) <= 15

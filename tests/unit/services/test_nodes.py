"""Merge keys, against PyYAML's own reading of them."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from demitasse.services import nodes


def members(text: str) -> dict[str, str]:
    found = nodes.any_members(nodes.compose(text, deepest=50), "it")
    return {name: nodes.text(node, name) for name, node in found.items()}


def mappings() -> st.SearchStrategy[str]:
    """Mappings in flow style, up to three of which are merged into others at any depth."""
    own = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("uvwxyz"), max_size=3)
    plain = own.map(json.dumps)

    def merging(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        several = st.lists(inner, max_size=3).map(lambda each: f"[{', '.join(each)}]")
        return st.builds(
            lambda merged, own, last: (
                f"{{{own[1:-1]}, <<: {merged}}}"
                if own != "{}" and last
                else f"{{<<: {merged}{', ' if own != '{}' else ''}{own[1:-1]}}}"
            ),
            inner | several,
            plain,
            st.booleans(),
        )

    return st.recursive(plain, merging, max_leaves=8)


@given(mappings())
def test_merged_mappings_are_what_yaml_1_1_makes_of_them(text: str) -> None:
    assert members(text) == yaml.safe_load(text)


def test_a_quoted_key_merges_nothing() -> None:
    assert members("{'<<': a}") == {"<<": "a"}


@pytest.mark.parametrize("merged", ["", "a", "[{}, a]", "[[{}]]"])
def test_only_mappings_can_be_merged(merged: str) -> None:
    with pytest.raises(nodes.Misread, match="<< in it must name a mapping, or a list of mappings"):
        members(f"a: b\n<<: {merged}")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: b\n<<: {}\n<<: {}", (3, 1)),
        ("a: b\n<<:\n  b: c\n  b: d", (4, 3)),
        ("<<: {}\na: b\na: b", (3, 1)),
    ],
)
def test_nothing_stands_twice_in_one_mapping(text: str, place: tuple[int, int]) -> None:
    with pytest.raises(nodes.Misread, match="stands twice in it") as misread:
        members(text)
    assert (misread.value.line, misread.value.column) == place


def test_a_mapping_that_is_merged_into_itself_gains_nothing() -> None:
    assert members("&a {<<: *a, b: c}") == {"b": "c"}


def test_merging_takes_no_longer_than_the_text_is_long() -> None:
    """Each mapping merges the one before nine times: written out, there are 9 ** 40."""
    begun = "a0: &a0 {b: c}\n"
    steps = [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 41)]
    root = nodes.any_members(nodes.compose(begun + "".join(steps), deepest=50), "it")
    assert list(nodes.any_members(root["a40"], "a40")) == ["b"]

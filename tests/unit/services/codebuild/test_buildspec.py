"""Buildspecs: what is read of them, and where what is wrong with them stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demitasse.services.codebuild import buildspec
from demitasse.services.codebuild.buildspec import BadBuildspec, FileSet, PhaseSpec

WHOLE = """\
version: 0.2
env:
  shell: bash
  variables: {ONE: 1, TEXT: "a b"}
  exported-variables: [TAG]
  git-credential-helper: yes
phases:
  install:
    runtime-versions: {python: 3.13}
  build:
    on-failure: ABORT
    commands:
      - make all
      - |
        first
        second
    finally: [clean]
artifacts:
  name: out-$(date +%F)
  base-directory: target
  discard-paths: no
  files: ['**/*']
  exclude-paths: ['**/*.tmp']
  s3-prefix: nightly
  secondary-artifacts:
    docs: {files: [docs/*], discard-paths: yes}
cache:
  paths: [/root/.cache/**/*]
"""


def test_everything_is_read() -> None:
    spec = buildspec.read(WHOLE)

    assert spec.phases["BUILD"] == PhaseSpec(("make all", "first\nsecond\n"), ("clean",), "ABORT")
    assert spec.phases["INSTALL"] == PhaseSpec()
    assert (spec.shell, spec.exported, spec.credential_helper) == ("bash", ("TAG",), True)
    assert spec.variables == {"ONE": "1", "TEXT": "a b"}
    assert spec.runtimes == {"python": "3.13"}
    assert spec.artifacts == FileSet(
        ("**/*",), "out-$(date +%F)", "target", exclude=("**/*.tmp",), prefix="nightly"
    )
    assert spec.secondary == {"docs": FileSet(("docs/*",), discard_paths=True)}
    assert spec.cache == ("/root/.cache/**/*",)


def test_json_is_read_too() -> None:
    text = '{"version": "0.2",\n\t"phases": {"build": {"commands": ["make"]}}}'
    assert buildspec.read(text).phases["BUILD"].commands == ("make",)


def test_what_phases_have_in_common_is_written_once() -> None:
    spec = buildspec.read("""\
version: 0.2
env:
  variables: {LEVEL: "2", <<: {LEVEL: "1", COLOUR: none}}
phases:
  pre_build: &strict
    on-failure: ABORT
    commands: [make test]
    finally: [clean]
  build:
    <<: *strict
    commands: [make]
  post_build:
    <<: [{finally: [tidy]}, *strict]
""")
    assert spec.phases == {
        "PRE_BUILD": PhaseSpec(("make test",), ("clean",), "ABORT"),
        "BUILD": PhaseSpec(("make",), ("clean",), "ABORT"),
        "POST_BUILD": PhaseSpec(("make test",), ("tidy",), "ABORT"),
    }
    assert spec.variables == {"LEVEL": "2", "COLOUR": "none"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it is empty"),
        ("phases: {}", "line 1: version is missing"),
        ("version: 0.1\nphases: {}", "line 1: version 0.1 is not supported"),
        ("version: 3\nphases: {}", "line 1: version must be 0.2, not 3"),
        ("version: 0.2", "phases is missing"),
        ("version: 0.2\nphases: {}", "line 2: phases must name at least one phase"),
        ("version: 0.2\nphases:\n  bild: {}", "line 3: 'bild' is not a member of phases"),
        ("version: 0.2\nphases:\n  build: {}", "line 3: phases/build/commands is missing"),
        ("version: 0.2\nphases:\n  build:\n    commands: make", "line 4: phases/build/commands must"),
        (
            "version: 0.2\nphases:\n  build:\n    commands:\n      - echo a: b",
            "Expected Commands[0] to be of string type: found subkeys instead at line 5",
        ),
        (
            "version: 0.2\nphases:\n  build:\n    commands: [a]\n    on-failure: STOP",
            "line 5: phases/build/on-failure must be ABORT or CONTINUE, not STOP",
        ),
        ("version: 0.2\nreports: {a: {}}", "line 2: reports is not supported by Demitasse"),
        ("version: 0.2\nrun-as: me", "line 2: run-as is not supported by Demitasse"),
        (
            "version: 0.2\nphases:\n  build:\n    commands: [a]\nenv:\n  secrets-manager: {A: b}",
            "line 6: env/secrets-manager is not supported by Demitasse",
        ),
        (
            "version: 0.2\nphases:\n  build:\n    commands: [a]\nenv:\n  variables: {A-B: b}",
            "'A-B' in env/variables is not a name",
        ),
        (
            "version: 0.2\nphases:\n  build:\n    commands: [a]\nartifacts:\n  name: x",
            "artifacts/files is missing",
        ),
        (
            "version: 0.2\nphases: {install: &it {runtime-versions: {a: b}},\n  build: {<<: *it}}",
            "line 2: runtime-versions belong to the phase install",
        ),
        (
            "version: 0.2\nphases:\n  build: &me\n    <<: *me",
            "line 3: phases/build/commands is missing",
        ),
        ("version: 0.2\nphases: [\n", "line 3"),
        ("version: 0.2\nphases: {}\nphases: {}", "line 3: phases stands twice"),
        ("[" * 1000, "too deeply"), ("[" * 250, "expected"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(BadBuildspec) as refused:
        buildspec.read(text)
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("member", "problem"),
    [
        ("batch: {fast-fail: false}", "batch"),
        ("proxy: {logs: yes}", "proxy"),
        ("env: {parameter-store: {A: /b}}", "env/parameter-store"),
        ("cache: {key: k, paths: [a]}", "cache/key"),
        ("artifacts: {files: [a], enable-symlinks: yes}", "artifacts/enable-symlinks"),
        ("phases: {build: {commands: [a], run-as: me}}", "phases/build/run-as"),
        ("phases: {build: {commands: [a], on-failure: RETRY}}", "phases/build/on-failure RETRY"),
        (
            "phases: {build: {commands: [a], on-failure: RETRY-2}}",
            "phases/build/on-failure RETRY-2",
        ),
    ],
)
def test_what_is_not_carried_out_is_refused_by_its_name(member: str, problem: str) -> None:
    own = "" if member.startswith("phases") else "\nphases: {build: {commands: [a]}}"
    with pytest.raises(BadBuildspec) as refused:
        buildspec.read(f"version: 0.2\n{member}{own}")
    message = str(refused.value)
    assert message == f"Invalid buildspec at line 2: {problem} is not supported by Demitasse"


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    for content in (text, f"version: 0.2\nphases:\n{text}"):
        try:
            buildspec.read(content)
        except BadBuildspec as error:
            assert str(error)  # noqa: PT017 - either is right, nothing else is


@pytest.mark.parametrize(
    ("text", "inline"),
    [
        ("buildspec.yml", False),
        ("versioned/spec.yml", False),
        ("version: 0.2\nphases: {}", True),
        ('{"version": "0.2"}', True),
    ],
)
def test_a_path_is_told_from_a_buildspec(text: str, inline: bool) -> None:
    assert buildspec.is_inline(text) is inline

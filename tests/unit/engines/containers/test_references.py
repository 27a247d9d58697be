from __future__ import annotations

import pytest

from demitasse.engines.containers.references import checked, parse

SHA = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("image", "whole", "familiar", "selector"),
    [
        ("customer", "docker.io/library/customer:latest", "customer", "latest"),
        ("library/mariadb:11", "docker.io/library/mariadb:11", "mariadb", "11"),
        ("bitnami/nginx", "docker.io/bitnami/nginx:latest", "bitnami/nginx", "latest"),
        ("index.docker.io/a/b:1", "docker.io/a/b:1", "a/b", "1"),
        ("localhost/cup", "localhost/cup:latest", "localhost/cup", "latest"),
        ("127.0.0.1:4566/customer", "127.0.0.1:4566/customer:latest", None, "latest"),
        ("registry.example/a/b/c:1.0_x", "registry.example/a/b/c:1.0_x", None, "1.0_x"),
        (f"customer@{SHA}", f"docker.io/library/customer@{SHA}", "customer", SHA),
        (f"a.b/c:1@{SHA}", f"a.b/c:1@{SHA}", "a.b/c", SHA),
        ("[::1]:5000/cup", "[::1]:5000/cup:latest", "[::1]:5000/cup", "latest"),
    ],
)
def test_references_are_read_as_docker_reads_them(
    image: str, whole: str, familiar: str | None, selector: str
) -> None:
    reference = parse(image)
    assert str(reference) == whole
    assert reference.familiar_name == (familiar or reference.name)
    assert reference.selector == selector
    assert parse(str(reference)) == reference


@pytest.mark.parametrize(
    "image",
    [
        "",
        " ",
        "cup?tag=1",
        "cup#1",
        "cup:",
        "cup:-1",
        "cup@",
        "cup@sha256:12",
        "../cup",
        "a//b",
        "cup:" + "x" * 129,
        "%2e/cup",
        "host:port/cup",
    ],
)
def test_what_is_no_reference_is_refused(image: str) -> None:
    with pytest.raises(ValueError, match="invalid reference format"):
        parse(image)


def test_capitals_are_named() -> None:
    with pytest.raises(ValueError, match="repository name must be lowercase"):
        parse("127.0.0.1:5000/Customer")


def test_an_id_is_as_good_as_a_reference() -> None:
    assert checked(SHA) == SHA
    assert checked("0123456789ab") == "0123456789ab"
    with pytest.raises(ValueError, match="invalid"):
        checked("sha256:../json")

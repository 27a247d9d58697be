"""What this machine's own tools need to reach the outside, so that images can reach it too.

A machine behind a proxy or with a certificate authority of its own has been told so in apt's and
pip's settings and in its bundle of certificates. Images made here are given the same, read from
those settings; secrets in them (a user name in a URL) stay behind.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from demitasse.machine import debian
from demitasse.machine.commands import CommandFailed, run

_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_BUNDLE_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_WELL_KNOWN = "/usr/share/ca-certificates"
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)

_APT_FLAGS = ("Acquire::Check-Valid-Until", "Acquire::Check-Date")
_APT_PROXIES = ("Acquire::http::Proxy", "Acquire::https::Proxy")
_PIP_URLS = ("index-url", "extra-index-url", "find-links", "proxy")
_PIP_WORDS = ("trusted-host", "timeout", "default-timeout", "retries")


@dataclass(frozen=True, slots=True)
class Host:
    """This machine's ways out.

    ``certificates`` are PEM blocks that it trusts beyond the well-known ones; ``apt_options``
    lines for apt.conf; ``pip_settings`` names and values of pip.conf's ``[global]``; ``mirrors``
    lines of a sources.list; ``proxies`` environment variables for what is run on this machine's
    own network (a proxy on the loopback address is reached from there alone).
    """

    certificates: tuple[str, ...] = ()
    apt_options: tuple[str, ...] = ()
    pip_settings: tuple[tuple[str, str], ...] = ()
    mirrors: tuple[str, ...] = ()
    proxies: tuple[tuple[str, str], ...] = ()

    def files(self) -> dict[str, bytes]:
        """The files that an image is given, by their path in it."""
        made = {
            f"/usr/local/share/ca-certificates/host-{_digest(each)}.crt": f"{each}\n".encode()
            for each in self.certificates
        }
        if self.pip_settings:
            lines = ["[global]", *(f"{name} = {value}" for name, value in self.pip_settings)]
            made["/etc/pip.conf"] = ("\n".join(lines) + "\n").encode()
        return made


def read(environment: Mapping[str, str] | None = None) -> Host:
    """Read this machine's settings, as its own tools tell them."""
    environment = os.environ if environment is None else environment
    apt = _said(("apt-config", "dump"))
    return Host(
        certificates=extra_certificates(
            _texts([_BUNDLE, *(environment.get(name, "") for name in _BUNDLE_VARIABLES)]),
            _texts(sorted(Path(_WELL_KNOWN).rglob("*.crt"))),
        ),
        apt_options=apt_options(apt),
        pip_settings=pip_settings(_said((sys.executable, "-m", "pip", "config", "list"))),
        mirrors=debian.mirrors(_said(debian.LIST_SOURCES)),
        proxies=proxies(environment, apt),
    )


def extra_certificates(bundles: Iterable[str], well_known: Iterable[str]) -> tuple[str, ...]:
    """The PEM blocks of ``bundles`` that are not among ``well_known``, each once.

    Without ``well_known`` nothing is extra: then the bundle is of another distribution's making,
    and which of it was added cannot be told.
    """
    known = {_digest(block) for text in well_known for block in _PEM.findall(text)}
    if not known:
        return ()
    extra: dict[str, str] = {}
    for text in bundles:
        for block in _PEM.findall(text):
            if _digest(block) not in known:
                extra.setdefault(_digest(block), block)
    return tuple(extra.values())


def apt_options(dump: Iterable[str]) -> tuple[str, ...]:
    """Of ``apt-config dump``: the lines that an image's apt needs as well."""
    kept = []
    for name, value in _apt_values(dump):
        if name in _APT_FLAGS or (name in _APT_PROXIES and _shareable(value)):
            kept.append(f'{name} "{value}";')
    return tuple(kept)


def pip_settings(listing: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Of ``pip config list``: what holds beyond this machine. The environment wins over files."""
    kept: dict[str, str] = {}
    lines = [line.strip() for line in listing]
    for line in sorted(lines, key=lambda line: line.startswith(":env:")):
        name, _, quoted = line.partition("=")
        name = name.removeprefix(":env:.").removeprefix("global.")
        try:
            value = str(ast.literal_eval(quoted))
        except (SyntaxError, ValueError):
            continue
        if name in _PIP_URLS:
            value = " ".join(each for each in value.split() if _shareable(each))
        elif name not in _PIP_WORDS:
            continue
        if value:
            kept["timeout" if name == "default-timeout" else name] = value
    return tuple(sorted(kept.items()))


def proxies(
    environment: Mapping[str, str], dump: Iterable[str] = ()
) -> tuple[tuple[str, str], ...]:
    """The proxy variables of the environment, else apt's proxy."""
    found = {
        name: environment.get(name) or environment.get(name.upper()) or ""
        for name in _PROXY_VARIABLES
    }
    apt = dict(_apt_values(dump))
    found["http_proxy"] = found["http_proxy"] or apt.get(_APT_PROXIES[0], "")
    found["https_proxy"] = found["https_proxy"] or apt.get(_APT_PROXIES[1], "")
    return tuple((name, value) for name, value in found.items() if value and value != "DIRECT")


def _apt_values(dump: Iterable[str]) -> list[tuple[str, str]]:
    found = [re.fullmatch(r'(\S+) "(.*)";', line.strip()) for line in dump]
    return [(each[1], each[2]) for each in found if each and each[2]]


def _shareable(url: str) -> bool:
    """Whether a URL means the same in a container as here, and gives no secret away."""
    try:
        where = urlsplit(url)
    except ValueError:
        return False
    return (
        where.scheme in {"http", "https"}
        and not where.username
        and bool(where.hostname)
        and where.hostname not in _LOOPBACK
    )


def _digest(pem: str) -> str:
    return hashlib.sha256("".join(pem.split()).encode()).hexdigest()[:12]


def _texts(paths: Iterable[str | Path]) -> list[str]:
    texts = []
    for path in dict.fromkeys(str(each) for each in paths if each):
        try:
            texts.append(Path(path).read_text(encoding="ascii", errors="ignore"))
        except OSError:
            continue  # a variable may name a file that is not there; its own tool complains
    return texts


def _said(argv: tuple[str, ...]) -> list[str]:
    """The lines of a tool's answer; none where the tool is missing or has nothing to say."""
    try:
        return run(argv, seconds=30).splitlines()
    except CommandFailed:
        return []

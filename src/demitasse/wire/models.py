"""Loads AWS's service models from the data that botocore ships, without importing botocore.

Reading all of ec2 takes some 50 ms and many megabytes; a platform carries out a part of it. So the
models are reduced to the operations that are carried out, and the result is kept in a cache file
whose name holds botocore's version and a digest of those operations.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import importlib.util
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from demitasse.errors import StartupError
from demitasse.wire.shapes import ServiceModel

_log = logging.getLogger(__name__)

_CACHE_FORM = "1"
"""Changes whenever ``ServiceModel`` does, so that older caches are not read."""


class Models(Mapping[str, ServiceModel]):
    """Service models by botocore's service name (``elbv2``)."""

    def __init__(self, services: Mapping[str, ServiceModel]) -> None:
        self._services = dict(services)

    def __getitem__(self, service: str) -> ServiceModel:
        return self._services[service]

    def __iter__(self) -> Iterator[str]:
        return iter(self._services)

    def __len__(self) -> int:
        return len(self._services)

    @classmethod
    def load(
        cls,
        operations: Mapping[str, Iterable[str]],
        *,
        cache: Path | None = None,
        botocore: Path | None = None,
    ) -> Models:
        """The models of the services named, reduced to the operations named.

        ``operations`` maps a service to the names of its operations (an ``api.Operations`` fits).
        ``cache`` is a folder for the reduced models; without one they are made anew. ``botocore``
        is the package's folder, found by itself when not given. Raises ``StartupError`` when a
        service or an operation does not exist in the models.
        """
        folder = botocore or _botocore_folder()
        wanted = {service: frozenset(operations[service]) for service in operations}
        file = cache / f"models-{_digest(folder, wanted)}.msgpack" if cache else None
        kept = _read(file) if file else None
        if kept is None or kept.keys() != wanted.keys():
            kept = {name: _reduced(folder, name, wanted[name]) for name in wanted}
            if file:
                _write(file, kept)
        return cls(kept)

    @classmethod
    def complete(cls, services: Iterable[str], *, botocore: Path | None = None) -> Models:
        """The whole models of the services named."""
        folder = botocore or _botocore_folder()
        return cls({service: read_service(folder, service) for service in services})


def read_service(botocore: Path, service: str) -> ServiceModel:
    """The newest model of ``service`` among the data of the botocore package at ``botocore``."""
    versions = sorted((botocore / "data" / service).glob("*/service-2.json*"))
    versions = [path for path in versions if path.name in ("service-2.json.gz", "service-2.json")]
    if not versions:
        raise StartupError(f"botocore has no model of the service {service!r} in {botocore}")
    packed = versions[-1].read_bytes()
    text = gzip.decompress(packed) if versions[-1].suffix == ".gz" else packed
    model = msgspec.json.decode(text, type=ServiceModel)
    return msgspec.structs.replace(model, operation_names=sorted(model.operations))


def _reduced(botocore: Path, service: str, operations: frozenset[str]) -> ServiceModel:
    model = read_service(botocore, service)
    unknown = operations - model.operations.keys()
    if unknown:
        raise StartupError(f"{service} has no operations {', '.join(sorted(unknown))} in botocore")
    return model.reduced_to(operations)


def _botocore_folder() -> Path:
    spec = importlib.util.find_spec("botocore")  # finds, does not import
    if spec is None or not spec.submodule_search_locations:
        raise StartupError("the package botocore is not installed")
    return Path(next(iter(spec.submodule_search_locations)))


def _version(botocore: Path) -> str:
    found = re.search(r"__version__ = '([^']+)'", (botocore / "__init__.py").read_text("utf-8"))
    return found[1] if found else "unknown"


def _digest(botocore: Path, operations: Mapping[str, frozenset[str]]) -> str:
    version = _version(botocore)
    listed = msgspec.json.encode(
        [_CACHE_FORM, version, {name: sorted(operations[name]) for name in sorted(operations)}]
    )
    return f"{version}-{hashlib.sha256(listed).hexdigest()[:16]}"


def _read(file: Path) -> dict[str, ServiceModel] | None:
    try:
        return msgspec.msgpack.decode(file.read_bytes(), type=dict[str, ServiceModel])
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        _log.warning("model cache %s cannot be read (%s); it is made anew", file, error)
        return None


def _write(file: Path, services: Mapping[str, ServiceModel]) -> None:
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(msgspec.msgpack.encode(services))
        part.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        _log.warning("model cache %s cannot be written (%s); starting takes longer", file, error)

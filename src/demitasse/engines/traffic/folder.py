"""A load balancer's folder: what HAProxy reads when it starts."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from demitasse.engines.traffic import names
from demitasse.engines.traffic.render import Rendered
from demitasse.errors import EngineError

_ADDRESS = "address"
_CANDIDATE = "candidate"


class Folder:
    """The files of one load balancer. Disk trouble is ``EngineError``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.admin = path / names.ADMIN_SOCKET
        self.master = path / names.MASTER_SOCKET

    def write(self, rendered: Rendered, address: str) -> None:
        """Make the files be ``rendered``: each one whole or as it was, the configuration last."""
        try:
            (self.path / "run").mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
            _write(self.path / _ADDRESS, address)
            texts = _texts(rendered)
            for name, text in texts.items():
                _write(self.path / name, text)
            for each in self.path.iterdir():
                if each.is_file() and each.name not in {*texts, _ADDRESS, names.STATES}:
                    each.unlink()
        except OSError as error:
            raise EngineError(f"{self.path} cannot be written: {error.strerror}") from error

    def write_candidate(self, rendered: Rendered) -> str:
        """Write the files beside those that count; the path of the configuration in HAProxy."""
        home = f"{names.HOME}/{_CANDIDATE}"
        try:
            (self.path / _CANDIDATE).mkdir(exist_ok=True)
            for name, text in _texts(rendered).items():
                there = text.replace(f"{names.HOME}/", f"{home}/") if name == names.CONFIG else text
                _write(self.path / _CANDIDATE / name, there)
        except OSError as error:
            raise EngineError(f"{self.path} cannot be written: {error.strerror}") from error
        return f"{home}/{names.CONFIG}"

    def drop_candidate(self) -> None:
        shutil.rmtree(self.path / _CANDIDATE, ignore_errors=True)

    def keep(self) -> Mapping[str, str]:
        """The files as they are, to go back to (``restore``)."""
        return {
            each.name: each.read_text()
            for each in self.path.iterdir()
            if each.is_file() and each.name != names.STATES
        }

    def restore(self, kept: Mapping[str, str]) -> None:
        for name, text in kept.items():
            _write(self.path / name, text)
        for each in self.path.iterdir():
            if each.is_file() and each.name not in kept:
                each.unlink()

    def write_states(self, text: str) -> None:
        """What the next process shall believe of its servers (see ``reading.states_file``)."""
        _write(self.path / names.STATES, text)

    def drop_states(self) -> None:
        """Forget them: a process that starts much later shall find out for itself."""
        (self.path / names.STATES).unlink(missing_ok=True)

    def address(self) -> str | None:
        """The address of the load balancer that was last written here."""
        try:
            return (self.path / _ADDRESS).read_text()
        except FileNotFoundError:
            return None

    def delete(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


def _texts(rendered: Rendered) -> dict[str, str]:
    return {
        **{name: table.text() for name, table in rendered.tables.items()},
        **rendered.files,
        names.CONFIG: rendered.config,
    }


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text, newline="")
    fresh.replace(path)

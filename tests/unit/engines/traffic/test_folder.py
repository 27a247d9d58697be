"""The files of a load balancer: whole, and able to go back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.engines.traffic import examples

from demitasse.engines.traffic.folder import Folder
from demitasse.engines.traffic.render import render
from demitasse.errors import EngineError

LAB, EVERYTHING = render(examples.LAB), render(examples.EVERYTHING)


def test_what_is_written_is_there_and_nothing_else(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "lb")
    folder.write(EVERYTHING, "10.0.0.1")
    folder.write(LAB, "10.0.0.1")

    names = {each.name for each in folder.path.iterdir()}
    assert names == {*("run", "address", "errors.map", "haproxy.cfg", "forward-80.map")}
    assert (folder.path / "haproxy.cfg").read_text() == LAB.config
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert folder.address() == "10.0.0.1"


def test_going_back_leaves_nothing_of_what_was_tried(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(LAB, "10.0.0.1")
    kept = folder.keep()

    folder.write(EVERYTHING, "10.0.0.1")
    folder.restore(kept)

    assert folder.keep() == kept


def test_a_candidate_refers_to_its_own_files(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(LAB, "10.0.0.1")

    config = folder.write_candidate(EVERYTHING)

    assert config == "/load-balancer/candidate/haproxy.cfg"
    text = (tmp_path / "candidate" / "haproxy.cfg").read_text()
    assert "/load-balancer/candidate/forward-80.map" in text
    assert "/load-balancer/forward-80.map" not in text
    assert (tmp_path / "haproxy.cfg").read_text() == LAB.config
    folder.drop_candidate()
    assert not (tmp_path / "candidate").exists()


def test_line_ends_of_a_body_are_kept(tmp_path: Path) -> None:
    answer = examples.FixedResponse(200, "text/plain", "a\r\nb\n")
    spec = replace(examples.LAB, listeners=(examples.Listener(80, answer),))
    folder = Folder(tmp_path)

    folder.write(render(spec), "10.0.0.1")

    assert (tmp_path / "action-80-0.body").read_bytes() == b"a\r\nb\n"


def test_a_folder_that_was_never_written_has_no_address(tmp_path: Path) -> None:
    assert Folder(tmp_path / "never").address() is None
    Folder(tmp_path / "never").delete()


def test_trouble_with_the_disk_is_an_engine_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(EngineError, match="cannot be written"):
        Folder(tmp_path / "file" / "lb").write(LAB, "10.0.0.1")

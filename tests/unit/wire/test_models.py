"""Loading the models, and keeping them in a cache."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from demitasse.errors import StartupError
from demitasse.wire import models as models_module
from demitasse.wire.models import Models

WANTED = {"ecs": ["ListClusters"], "sts": ["GetCallerIdentity"]}


def test_models_hold_what_is_carried_out_and_name_the_rest() -> None:
    ecs = Models.load(WANTED)["ecs"]
    assert list(ecs.operations) == ["ListClusters"]
    assert "CreateCluster" in ecs.operation_names
    assert "ListClustersRequest" in ecs.shapes
    assert "CreateClusterRequest" not in ecs.shapes
    assert ecs.shapes["ClusterNotFoundException"].exception


def test_the_second_time_models_come_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Models.load(WANTED, cache=tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".msgpack"]
    monkeypatch.setattr(models_module, "read_service", None)
    assert dict(Models.load(WANTED, cache=tmp_path)) == dict(first)


def test_other_operations_make_another_cache(tmp_path: Path) -> None:
    Models.load(WANTED, cache=tmp_path)
    more = {**WANTED, "ecs": ["ListClusters", "CreateCluster"]}
    assert "CreateCluster" in Models.load(more, cache=tmp_path)["ecs"].operations
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"\xc1nonsense", b"\x80"])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    Models.load(WANTED, cache=tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage)
    assert "ListClusters" in Models.load(WANTED, cache=tmp_path)["ecs"].operations
    assert file.read_bytes() == whole


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert Models.load(WANTED, cache=tmp_path / "file" / "cache")


@pytest.mark.parametrize(
    ("wanted", "named"),
    [({"nowhere": []}, "nowhere"), ({"ecs": ["MakeCoffee"]}, "MakeCoffee")],
)
def test_what_does_not_exist_keeps_the_platform_from_starting(
    wanted: dict[str, list[str]], named: str
) -> None:
    with pytest.raises(StartupError, match=named):
        Models.load(wanted)


def test_botocore_is_not_imported() -> None:
    code = (
        "import sys\nfrom demitasse.wire import Models\n"
        "Models.load({'sts': ['GetCallerIdentity']})\nsys.exit('botocore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

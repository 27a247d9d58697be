"""Phases 3 and 5.6: what goes into the two repositories, and what is left to whoever works there."""

from __future__ import annotations

import json

import pytest
from tests.unit.lab.stand import Hub, Lab, World

from demitasse.lab.errors import NotYet
from demitasse.lab.git import GitFailed
from demitasse.lab.phases import phase0_preparation, phase3_repository, phase5_files

REPOSITORY = "deployment"
GONE = "172.31.200.9"


def test_the_code_is_copied_once_and_pushed(lab: Lab, hub: Hub) -> None:
    with pytest.raises(NotYet, match="does not hold the code of customer"):
        phase3_repository.check_code(lab)
    (lab.sources / "customer" / "__pycache__").mkdir()
    (lab.sources / "customer" / "suppliers.db").touch()
    half = lab.folder / ".customer"
    half.mkdir(parents=True)
    (half / "half").touch()
    phase3_repository.copy_code(lab)
    phase3_repository.check_code(lab)
    copied = phase3_repository.working_folder(lab) / "customer"
    assert [path.name for path in copied.iterdir()] == ["Dockerfile"]
    (copied / "Dockerfile").write_text("FROM mine")
    phase3_repository.copy_code(lab)
    assert (copied / "Dockerfile").read_text() == "FROM mine"

    with pytest.raises(NotYet, match="no branch dev"):
        phase3_repository.check_pushed(lab)
    phase3_repository.push_code(lab)
    phase3_repository.check_pushed(lab)
    assert hub.repositories["microservices"]["customer/Dockerfile"] == b"FROM mine"
    assert (lab.folder / "microservices" / ".git").exists()


def test_after_a_push_that_failed_it_goes_on(lab: Lab, hub: Hub) -> None:
    phase3_repository.copy_code(lab)
    hub.failing["push"] = "fatal: the remote end hung up"
    with pytest.raises(GitFailed, match="git push: fatal"):
        phase3_repository.push_code(lab)
    hub.failing.clear()
    phase3_repository.push_code(lab)
    phase3_repository.check_pushed(lab)


@pytest.fixture
def lab(world: World) -> Lab:
    """With a database, and repositories in the registry."""
    phase0_preparation.make_database(world.lab)
    world.database_available()
    for service in ("customer", "employee"):
        world.lab.client("ecr").create_repository(repositoryName=service)
    return world.lab


def test_the_four_files(lab: Lab, hub: Hub) -> None:
    with pytest.raises(NotYet, match="no branch dev"):
        phase5_files.check_files(lab)
    phase5_files.write_files(lab)
    phase5_files.check_files(lab)
    files = hub.repositories[REPOSITORY]
    assert sorted(files) == [
        "appspec-customer.yaml",
        "appspec-employee.yaml",
        "taskdef-customer.json",
        "taskdef-employee.json",
    ]
    assert b"TaskDefinition: <TASK_DEFINITION>" in files["appspec-employee.yaml"]
    definition = json.loads(files["taskdef-employee.json"])
    (container,) = definition["containerDefinitions"]
    assert (definition["family"], container["image"]) == ("employee-microservice", "<IMAGE1_NAME>")
    assert container["environment"] == [
        {"name": "APP_DB_HOST", "value": phase0_preparation.endpoint(lab)}
    ]
    head = hub.heads[REPOSITORY]
    phase5_files.write_files(lab)
    assert hub.heads[REPOSITORY] == head, "nothing to do"


def test_what_somebody_pushed_stays(lab: Lab, hub: Hub) -> None:
    phase5_files.write_files(lab)
    files = hub.repositories[REPOSITORY]
    definition = json.loads(files["taskdef-customer.json"])
    definition["cpu"] = "1024"
    elsewhere = files["taskdef-employee.json"].replace(
        phase0_preparation.endpoint(lab).encode(), b"db.example.com"
    )
    mine = {
        "taskdef-customer.json": json.dumps(definition).encode(),
        "taskdef-employee.json": elsewhere,
        "appspec-customer.yaml": b"version: 0.0\nHooks: []\n",
    }
    hub.put(REPOSITORY, **mine)
    phase5_files.check_files(lab)
    phase5_files.write_files(lab)
    hub.put(REPOSITORY, **{"taskdef-customer.json": b"{ half an edit"})
    phase5_files.check_files(lab)
    hub.put(REPOSITORY, **{"taskdef-customer.json": b"[1]"})
    phase5_files.check_files(lab)
    assert hub.commits == []


def test_an_address_of_a_database_that_is_gone_is_mended_and_nothing_else(
    lab: Lab, hub: Hub
) -> None:
    phase5_files.write_files(lab)
    endpoint = phase0_preparation.endpoint(lab)
    before = hub.repositories[REPOSITORY]["taskdef-customer.json"].decode()
    theirs = before.replace('"512"', '"1024"').replace("  ", "\t")
    hub.put(REPOSITORY, **{"taskdef-customer.json": theirs.replace(endpoint, GONE).encode()})
    with pytest.raises(NotYet, match=r"taskdef-customer\.json is not in .* or names a database"):
        phase5_files.check_files(lab)
    phase5_files.write_files(lab)
    phase5_files.check_files(lab)
    (commit,) = hub.commits
    assert [each["filePath"] for each in commit["putFiles"]] == ["taskdef-customer.json"]
    assert commit["putFiles"][0]["fileContent"].decode() == theirs
    assert hub.told[-1] == ("deployment", "pull", "--quiet", "--ff-only")


def test_a_file_that_is_missing_is_put_there_again(lab: Lab, hub: Hub) -> None:
    phase5_files.write_files(lab)
    del hub.repositories[REPOSITORY]["appspec-employee.yaml"]
    with pytest.raises(NotYet, match=r"appspec-employee\.yaml"):
        phase5_files.check_files(lab)
    phase5_files.write_files(lab)
    phase5_files.check_files(lab)
    assert len(hub.commits) == 1


def test_files_that_are_there_are_not_written_over(lab: Lab, hub: Hub) -> None:
    folder = phase5_files.working_folder(lab)
    folder.mkdir(parents=True)
    (folder / "appspec-customer.yaml").write_text("mine")
    phase5_files.write_files(lab)
    assert hub.repositories[REPOSITORY]["appspec-customer.yaml"] == b"mine"

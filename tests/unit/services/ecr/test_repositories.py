import pytest
from tests.unit.services.ecr.stand import ACCOUNT, Stand


@pytest.fixture
def ecr():
    return Stand()


def test_a_repository_is_created_described_and_deleted(ecr):
    created = ecr.repository("team/customer", tags=[{"Key": "course", "Value": "lab"}])
    assert created == {
        "repositoryArn": f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/team/customer",
        "registryId": ACCOUNT,
        "repositoryName": "team/customer",
        "repositoryUri": "127.0.0.1:4566/team/customer",
        "createdAt": ecr.now(),
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }
    assert ecr.call("DescribeRepositories") == {"repositories": [created]}
    named = ecr.call("DescribeRepositories", repositoryNames=["team/customer"], registryId=ACCOUNT)
    assert named == {"repositories": [created]}
    assert ecr.call("DeleteRepository", repositoryName="team/customer") == {"repository": created}
    assert ecr.call("DescribeRepositories") == {"repositories": []}


def test_unknown_and_double_names_are_refused_in_awss_words(ecr):
    ecr.repository()
    missing = (
        "RepositoryNotFoundException",
        f"The repository with name 'nope' does not exist in the registry with id '{ACCOUNT}'",
    )
    assert ecr.refusal("DescribeRepositories", repositoryNames=["app", "nope"]) == missing
    assert ecr.refusal("DeleteRepository", repositoryName="nope") == missing
    assert ecr.refusal("CreateRepository", repositoryName="app") == (
        "RepositoryAlreadyExistsException",
        f"The repository with name 'app' already exists in the registry with id '{ACCOUNT}'",
    )
    code, message = ecr.refusal("DeleteRepository", repositoryName="app", registryId="0" * 12)
    assert (code, "000000000000" in message) == ("RepositoryNotFoundException", True)
    assert ecr.refusal("CreateRepository", repositoryName="UPPER")[0] == "InvalidParameterException"


def test_repositories_of_other_accounts_and_regions_are_not_seen(ecr):
    ecr.repository()
    assert ecr.elsewhere.call("ecr", "DescribeRepositories")["repositories"] == []
    assert ecr.other.call("ecr", "DescribeRepositories")["repositories"] == []
    ecr.elsewhere.call("ecr", "CreateRepository", repositoryName="app")


def test_repositories_come_in_pages(ecr):
    names = [f"r{number:02}" for number in range(7)]
    for name in names:
        ecr.repository(name)
    found, token = [], {}
    while True:
        page = ecr.call("DescribeRepositories", maxResults=3, **token)
        found += [each["repositoryName"] for each in page["repositories"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert found == names
    assert ecr.refusal("DescribeRepositories", nextToken="?")[0] == "InvalidParameterException"
    assert (
        ecr.refusal("DescribeRepositories", repositoryNames=["r01"], maxResults=1)[0]
        == "InvalidParameterException"
    )


def test_a_repository_with_images_is_deleted_by_force_only(ecr):
    ecr.repository()
    ecr.push("latest", b"layer")
    assert ecr.refusal("DeleteRepository", repositoryName="app") == (
        "RepositoryNotEmptyException",
        (
            f"The repository with name 'app' in registry with id '{ACCOUNT}' cannot be deleted because"
            " it still contains images"
        ),
    )
    ecr.call("DeleteRepository", repositoryName="app", force=True)
    ecr.repository()
    assert ecr.digests() == set()
    assert ecr.http("GET", "app/manifests/latest").status == 404


def test_what_is_not_carried_out_is_refused_by_name(ecr):
    for kind in ("KMS", "KMS_DSSE"):
        _, message = ecr.refusal(
            "CreateRepository",
            repositoryName="app",
            encryptionConfiguration={"encryptionType": kind},
        )
        assert kind in message
    assert ecr.call("DescribeRepositories") == {"repositories": []}
    for operation in ("StartImageScan", "PutReplicationConfiguration"):
        given = {"repositoryName": "app", "imageId": {"imageTag": "x"}}
        if operation == "PutReplicationConfiguration":
            given = {"replicationConfiguration": {"rules": []}}
        assert operation in ecr.refusal(operation, **given)[1]


def test_mutability_and_its_exclusions_are_kept_and_checked(ecr):
    ecr.repository()
    filters = [{"filterType": "WILDCARD", "filter": "dev-*"}]
    answer = ecr.call(
        "PutImageTagMutability",
        repositoryName="app",
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=filters,
    )
    assert answer == {
        "registryId": ACCOUNT,
        "repositoryName": "app",
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": filters,
    }
    (shown,) = ecr.call("DescribeRepositories")["repositories"]
    assert shown["imageTagMutabilityExclusionFilters"] == filters
    for wrong in (
        {"imageTagMutability": "IMMUTABLE", "imageTagMutabilityExclusionFilters": filters},
        {"imageTagMutability": "MUTABLE_WITH_EXCLUSION"},
        {
            "imageTagMutability": "MUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "*a*b*"}],
        },
    ):
        code, _ = ecr.refusal("PutImageTagMutability", repositoryName="app", **wrong)
        assert code == "InvalidParameterException"


def test_a_wish_for_scans_is_kept_and_nothing_pretends_to_have_scanned(ecr):
    ecr.repository()
    ecr.push("latest", b"layer")
    (before,) = ecr.call("DescribeImages", repositoryName="app")["imageDetails"]
    assert "imageScanStatus" not in before
    answer = ecr.call(
        "PutImageScanningConfiguration",
        repositoryName="app",
        imageScanningConfiguration={"scanOnPush": True},
    )
    assert answer["imageScanningConfiguration"] == {"scanOnPush": True}
    (after,) = ecr.call("DescribeImages", repositoryName="app")["imageDetails"]
    assert after["imageScanStatus"]["status"] == "FAILED"
    assert "Demitasse" in after["imageScanStatus"]["description"]
    batch = ecr.call("BatchGetRepositoryScanningConfiguration", repositoryNames=["app", "no"])
    assert [each["scanOnPush"] for each in batch["scanningConfigurations"]] == [True]
    assert [each["failureCode"] for each in batch["failures"]] == ["REPOSITORY_NOT_FOUND"]


def test_tags_are_added_replaced_listed_and_removed(ecr):
    arn = ecr.repository(tags=[{"Key": "a", "Value": "1"}])["repositoryArn"]
    more = [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}]
    ecr.call("TagResource", resourceArn=arn, tags=more)
    assert ecr.call("ListTagsForResource", resourceArn=arn) == {"tags": more}
    ecr.call("UntagResource", resourceArn=arn, tagKeys=["a", "never"])
    assert ecr.call("ListTagsForResource", resourceArn=arn) == {"tags": more[1:]}


def test_tags_beyond_awss_limits_are_refused(ecr):
    arn = ecr.repository()["repositoryArn"]
    for tags in (
        [{"Key": "aws:x", "Value": ""}],
        [{"Key": "", "Value": ""}],
        [{"Key": "k", "Value": "v" * 257}],
        [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}],
    ):
        assert (
            ecr.refusal("TagResource", resourceArn=arn, tags=tags)[0]
            == "InvalidTagParameterException"
        )
    many = [{"Key": f"k{number}", "Value": ""} for number in range(51)]
    assert ecr.refusal("TagResource", resourceArn=arn, tags=many)[0] == "TooManyTagsException"
    assert ecr.call("ListTagsForResource", resourceArn=arn) == {"tags": []}


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("app", "InvalidParameterException"),
        (f"arn:aws:ecr:eu-west-3:{ACCOUNT}:repository/app", "InvalidParameterException"),
        ("arn:aws:ecr:us-east-1:210987654321:repository/app", "RepositoryNotFoundException"),
        (f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/none", "RepositoryNotFoundException"),
    ],
)
def test_arns_that_lead_nowhere(ecr, arn, code):
    ecr.repository()
    assert ecr.refusal("ListTagsForResource", resourceArn=arn)[0] == code


POLICY = """{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]}"""


def test_a_repository_policy_is_given_back_as_it_was_set(ecr):
    ecr.repository()
    missing = ecr.refusal("GetRepositoryPolicy", repositoryName="app")
    assert missing == (
        "RepositoryPolicyNotFoundException",
        (
            "Repository policy does not exist for the repository with name 'app' in the registry with"
            f" id '{ACCOUNT}'"
        ),
    )
    shown = {"registryId": ACCOUNT, "repositoryName": "app", "policyText": POLICY}
    assert ecr.call("SetRepositoryPolicy", repositoryName="app", policyText=POLICY) == shown
    assert ecr.call("GetRepositoryPolicy", repositoryName="app") == shown
    assert ecr.call("DeleteRepositoryPolicy", repositoryName="app") == shown
    assert ecr.refusal("DeleteRepositoryPolicy", repositoryName="app") == missing


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 5000, "[]", "{}", '{"Statement": 1}', '{"Statement": [{}]}']
)
def test_what_is_no_policy_is_refused(ecr, text):
    ecr.repository()
    assert ecr.refusal("SetRepositoryPolicy", repositoryName="app", policyText=text) == (
        "InvalidParameterException",
        (
            "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy"
            " provided'"
        ),
    )


def test_the_registry_has_what_every_registry_has_from_the_start(ecr):
    assert ecr.call("DescribeRegistry") == {
        "registryId": ACCOUNT,
        "replicationConfiguration": {"rules": []},
    }
    for operation in ("GetRegistryPolicy", "DeleteRegistryPolicy"):
        assert ecr.refusal(operation)[0] == "RegistryPolicyNotFoundException"
    scanning = ecr.call("GetRegistryScanningConfiguration")["scanningConfiguration"]
    assert scanning == {"scanType": "BASIC", "rules": []}


def test_the_authorization_token_is_what_docker_login_wants(ecr):
    (data,) = ecr.call("GetAuthorizationToken", registryIds=[ACCOUNT])["authorizationData"]
    assert data["proxyEndpoint"] == "http://127.0.0.1:4566"
    assert (data["expiresAt"] - ecr.now()).total_seconds() == 12 * 3600
    assert "another registry" in ecr.refusal("GetAuthorizationToken", registryIds=["0" * 12])[1]

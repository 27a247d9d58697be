"""IAM from outside, with the real ``aws`` and boto3."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
EXECUTION = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"


def test_the_labs_roles_are_there_in_every_account_and_region(platform: Any) -> None:
    said = platform.aws("iam", "list-roles", "--query", "Roles[].RoleName", "--output", "json")
    assert said.returncode == 0, said.stderr
    assert {"DeployRole", "PipelineRole", "AWSServiceRoleForECS"} <= set(json.loads(said.stdout))
    other = platform.client("iam", account="210987654321", region_name="eu-west-3")
    role = other.get_role(RoleName="PipelineRole")["Role"]
    assert role["Arn"] == "arn:aws:iam::210987654321:role/PipelineRole"
    principal = role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]
    assert "ecs-tasks.amazonaws.com" in principal


def test_a_role_by_the_aws_client(platform: Any) -> None:
    def aws(*argv: str) -> Any:
        said = platform.aws("iam", *argv, "--output", "json")
        assert said.returncode == 0, said.stderr
        return json.loads(said.stdout) if said.stdout.strip() else None

    name = ("--role-name", "acceptance")
    made = aws("create-role", *name, "--assume-role-policy-document", TRUST)["Role"]
    assert made["AssumeRolePolicyDocument"] == json.loads(TRUST)
    aws("wait", "role-exists", *name)
    aws("attach-role-policy", *name, "--policy-arn", EXECUTION)
    attached = aws("list-attached-role-policies", *name)["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [EXECUTION]
    refused = platform.aws("iam", "delete-role", *name)
    assert "(DeleteConflict)" in refused.stderr
    aws("detach-role-policy", *name, "--policy-arn", EXECUTION)
    aws("delete-role", *name)
    refused = platform.aws("iam", "get-role", *name)
    assert "(NoSuchEntity)" in refused.stderr
    assert "The role with name acceptance cannot be found." in refused.stderr


def test_waiters_and_paginators(platform: Any) -> None:
    iam = platform.client("iam")
    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        }
    )
    arns = [
        iam.create_policy(PolicyName=f"acceptance-{number}", PolicyDocument=document)["Policy"][
            "Arn"
        ]
        for number in range(5)
    ]
    iam.create_instance_profile(InstanceProfileName="acceptance")
    iam.get_waiter("policy_exists").wait(PolicyArn=arns[0])
    iam.get_waiter("instance_profile_exists").wait(InstanceProfileName="acceptance")
    version = iam.get_policy_version(PolicyArn=arns[0], VersionId="v1")["PolicyVersion"]
    assert version["Document"] == json.loads(document)
    pages = iam.get_paginator("list_policies").paginate(
        Scope="Local", PaginationConfig={"PageSize": 2}
    )
    found = [policy["Arn"] for page in pages for policy in page["Policies"]]
    assert [arn for arn in found if "acceptance-" in arn] == arns
    roles = iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2})
    assert "PipelineRole" in [role["RoleName"] for page in roles for role in page["Roles"]]
    for arn in arns:
        iam.delete_policy(PolicyArn=arn)
    iam.delete_instance_profile(InstanceProfileName="acceptance")


def test_the_root_user(platform: Any) -> None:
    iam, sts = platform.client("iam"), platform.client("sts")
    assert iam.get_user()["User"]["Arn"] == sts.get_caller_identity()["Arn"]


def test_a_user_calls_with_their_own_keys(platform: Any) -> None:
    iam = platform.client("iam")
    iam.create_user(UserName="mary")
    iam.get_waiter("user_exists").wait(UserName="mary")
    key = iam.create_access_key(UserName="mary")["AccessKey"]
    own = boto3.client(
        "sts",
        endpoint_url=platform.settings.endpoint,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        region_name="us-east-1",
    )
    assert own.get_caller_identity()["Arn"].endswith(":user/mary")
    which = {"UserName": "mary", "AccessKeyId": key["AccessKeyId"]}
    iam.update_access_key(**which, Status="Inactive")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        own.get_caller_identity()
    iam.delete_access_key(**which)
    iam.delete_user(UserName="mary")


def test_what_is_not_carried_out_is_refused_by_name(platform: Any) -> None:
    said = platform.aws("iam", "create-group", "--group-name", "team")
    assert said.returncode != 0
    assert "CreateGroup" in said.stderr

"""EC2 under test, as boto3 calls it."""

from __future__ import annotations

from typing import Any

from tests.kit.stand import Stand

from demitasse.services.ec2 import operations as ec2


class Ec2:
    """EC2's operations with the default VPC at hand."""

    def __init__(self) -> None:
        self.stand = Stand(ec2.api)
        self.store = self.stand.store

    def call(self, operation: str, **given: Any) -> dict[str, Any]:
        return self.stand.call("ec2", operation, **given)

    def code(self, operation: str, **given: Any) -> str:
        return self.stand.code("ec2", operation, **given)

    def refusal(self, operation: str, **given: Any) -> tuple[str, str]:
        return self.stand.refusal("ec2", operation, **given)

    @property
    def default_vpc(self) -> str:
        found = self.call("DescribeVpcs", Filters=[where("is-default", "true")])["Vpcs"]
        return str(found[0]["VpcId"])

    @property
    def subnet(self) -> str:
        return str(self.call("DescribeSubnets")["Subnets"][0]["SubnetId"])

    def vpc(self, cidr: str = "10.0.0.0/16") -> str:
        return str(self.call("CreateVpc", CidrBlock=cidr)["Vpc"]["VpcId"])

    def subnet_of(self, vpc: str, cidr: str = "10.0.1.0/24") -> str:
        answer = self.call("CreateSubnet", VpcId=vpc, CidrBlock=cidr)
        return str(answer["Subnet"]["SubnetId"])

    def group(self, name: str = "web", **given: Any) -> str:
        answer = self.call("CreateSecurityGroup", GroupName=name, Description="for tests", **given)
        return str(answer["GroupId"])

    def gateway(self, vpc: str | None = None) -> str:
        made = self.call("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
        if vpc is not None:
            self.call("AttachInternetGateway", InternetGatewayId=made, VpcId=vpc)
        return str(made)

    def interface(self, subnet: str, **given: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.call("CreateNetworkInterface", SubnetId=subnet, **given)[
            "NetworkInterface"
        ]
        return made


def where(name: str, *values: str) -> dict[str, Any]:
    """A filter."""
    return {"Name": name, "Values": list(values)}

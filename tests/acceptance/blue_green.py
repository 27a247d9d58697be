"""Two services behind one load balancer, as the course's last phases have them, to deploy to."""

from __future__ import annotations

import base64
import textwrap
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.acceptance.commands import run
from tests.acceptance.conftest import Installation
from tests.kit.load import Load

from demitasse.machine import images

ROLE = "arn:aws:iam::000000000000:role/DeployRole"
PORT = 8080
SERVICES = {"customer": "/", "employee": "/admin"}
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

APPLICATION = """
import os, signal, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

version, mood = os.environ["VERSION"], os.environ.get("MOOD", "well")

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self):
        body = version.encode()
        self.send_response(500 if mood == "sick" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Served-By", version)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

if mood == "exits":
    sys.exit("this release does not work")

class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

server = Server(("", 8080), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
"""

APPSPEC = """\
version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: "{definition}"
        LoadBalancerInfo:
          ContainerName: "{container}"
          ContainerPort: 8080
"""


@dataclass
class Shop:
    """A cluster, a load balancer with :80 and :8080, and for each service two target groups,
    a CODE_DEPLOY service that starts from an image that cannot be pulled, and a deployment group.
    """

    platform: Installation
    until: Callable[..., Any]
    image: str
    name: str
    groups: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        client = self.platform.client
        self.ecs, self.elb, self.deploy = client("ecs"), client("elbv2"), client("codedeploy")
        self._network()
        self._balancer()
        self.ecs.create_cluster(clusterName=self.name)
        self.deploy.create_application(applicationName=self.name, computePlatform="ECS")
        for service in SERVICES:
            self._service(service)
            self._group(service)

    def _network(self) -> None:
        ec2 = self.platform.client("ec2")
        self.vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        found = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])
        self.subnets = [each["SubnetId"] for each in found["Subnets"]][:2]
        self.security_group = ec2.create_security_group(
            GroupName=self.name, Description="open", VpcId=self.vpc
        )["GroupId"]
        for port in (80, PORT):
            ec2.authorize_security_group_ingress(
                GroupId=self.security_group,
                IpProtocol="tcp",
                FromPort=port,
                ToPort=port,
                CidrIp="0.0.0.0/0",
            )

    def _balancer(self) -> None:
        made = self.elb.create_load_balancer(
            Name=self.name, Subnets=self.subnets, SecurityGroups=[self.security_group]
        )["LoadBalancers"][0]
        self.host, self.balancer = made["DNSName"], made["LoadBalancerArn"]
        for service in SERVICES:
            for number in ("one", "two"):
                self.groups[f"{service}-{number}"] = self._target_group(f"{service}-{number}")
        self.listeners = {
            "production": self._listener(80, "two"),
            "test": self._listener(PORT, "one"),
        }

    def _target_group(self, name: str) -> str:
        group = self.elb.create_target_group(
            Name=f"{self.name}-{name}",
            Protocol="HTTP",
            Port=PORT,
            VpcId=self.vpc,
            TargetType="ip",
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=10,  # a busy machine is no illness
            HealthCheckIntervalSeconds=30,
            HealthCheckTimeoutSeconds=5,
        )["TargetGroups"][0]["TargetGroupArn"]
        self.elb.modify_target_group_attributes(
            TargetGroupArn=group,
            # Long enough for what is in flight, however fast the test's time runs.
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "1800"}],
        )
        return str(group)

    def _listener(self, port: int, number: str) -> str:
        arn = self.elb.create_listener(
            LoadBalancerArn=self.balancer,
            Protocol="HTTP",
            Port=port,
            DefaultActions=[
                {"Type": "forward", "TargetGroupArn": self.groups[f"customer-{number}"]}
            ],
        )["Listeners"][0]["ListenerArn"]
        self.elb.create_rule(
            ListenerArn=arn,
            Priority=10,
            Conditions=[{"Field": "path-pattern", "Values": ["/admin", "/admin/*"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": self.groups[f"employee-{number}"]}],
        )
        return str(arn)

    def _service(self, service: str) -> None:
        definition = self.register(service, "0", image=f"127.0.0.1:1/{service}")
        self.ecs.create_service(
            cluster=self.name,
            serviceName=service,
            taskDefinition=definition,
            launchType="FARGATE",
            desiredCount=1,
            deploymentController={"type": "CODE_DEPLOY"},
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": self.subnets,
                    "securityGroups": [self.security_group],
                    "assignPublicIp": "ENABLED",
                }
            },
            loadBalancers=[
                {
                    "targetGroupArn": self.groups[f"{service}-two"],
                    "containerName": service,
                    "containerPort": PORT,
                }
            ],
        )

    def _group(self, service: str) -> None:
        self.deploy.create_deployment_group(
            applicationName=self.name,
            deploymentGroupName=service,
            deploymentConfigName="CodeDeployDefault.ECSAllAtOnce",
            serviceRoleArn=ROLE,
            deploymentStyle={
                "deploymentType": "BLUE_GREEN",
                "deploymentOption": "WITH_TRAFFIC_CONTROL",
            },
            blueGreenDeploymentConfiguration={
                "terminateBlueInstancesOnDeploymentSuccess": {
                    "action": "TERMINATE",
                    "terminationWaitTimeInMinutes": 0,
                },
                "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"},
            },
            loadBalancerInfo={
                "targetGroupPairInfoList": [
                    {
                        "targetGroups": [
                            {"name": f"{self.name}-{service}-two"},
                            {"name": f"{self.name}-{service}-one"},
                        ],
                        "prodTrafficRoute": {"listenerArns": [self.listeners["production"]]},
                        "testTrafficRoute": {"listenerArns": [self.listeners["test"]]},
                    }
                ]
            },
            ecsServices=[{"serviceName": service, "clusterName": self.name}],
        )

    # what tests do

    def register(self, service: str, version: str, *, mood: str = "well", image: str = "") -> str:
        """A task definition of a version; its ARN."""
        made = self.ecs.register_task_definition(
            family=f"{self.name}-{service}",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="1024",
            memory="2048",
            executionRoleArn=ROLE,
            containerDefinitions=[
                {
                    "name": service,
                    "image": image or self.image,
                    "stopTimeout": 5,
                    "portMappings": [{"containerPort": PORT}],
                    "environment": [
                        {"name": "VERSION", "value": f"{service} {version}"},
                        {"name": "MOOD", "value": mood},
                    ],
                }
            ],
        )
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def start(self, service: str, version: str, *, mood: str = "well", **more: Any) -> str:
        """Begin to deploy a version; the deployment's id."""
        definition = self.register(service, version, mood=mood, image=more.pop("image", ""))
        content = APPSPEC.format(definition=definition, container=service)
        made = self.deploy.create_deployment(
            applicationName=self.name,
            deploymentGroupName=service,
            revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
            **more,
        )
        return str(made["deploymentId"])

    def info(self, deployment: str) -> dict[str, Any]:
        return dict(self.deploy.get_deployment(deploymentId=deployment)["deploymentInfo"])

    def target(self, deployment: str) -> dict[str, Any]:
        listed = self.deploy.list_deployment_targets(deploymentId=deployment)["targetIds"]
        got = self.deploy.get_deployment_target(deploymentId=deployment, targetId=listed[0])
        return dict(got["deploymentTarget"]["ecsTarget"])

    def ended(self, deployment: str, status: str, *, seconds: float = 120) -> dict[str, Any]:
        """Wait for the end of a deployment, which must be this one."""
        final = {"Succeeded", "Failed", "Stopped"}
        self.until(lambda: self.info(deployment)["status"] in final, seconds=seconds)
        info = self.info(deployment)
        assert info["status"] == status, info
        return info

    def page(self, service: str, port: int = 80) -> str:
        """What a service answers, or the status of its error."""
        try:
            with _opener.open(f"http://{self.host}:{port}{SERVICES[service]}", timeout=5) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            return str(error.code)
        except urllib.error.URLError as error:  # the load balancer is on its way
            return str(error.reason)

    def load(self, service: str, connections: int = 16) -> Load:
        return Load(self.host, 80, SERVICES[service], connections=connections)

    def routes(self, listener: str) -> list[dict[str, int]]:
        """Of a listener's default rule and its rule: group → weight."""
        arn = self.listeners[listener]
        rules = self.elb.describe_rules(ListenerArn=arn)["Rules"]
        names = {value: key for key, value in self.groups.items()}
        return [
            {
                names[group["TargetGroupArn"]]: group["Weight"]
                for group in rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
            }
            for rule in sorted(rules, key=lambda rule: not rule["IsDefault"])
        ]

    def see(self, service: str) -> dict[str, Any]:
        found = self.ecs.describe_services(cluster=self.name, services=[service])
        return dict(found["services"][0])


def push_application(platform: Installation, folder: Path) -> str:
    """Build the little application and push it to the platform's registry; the image's name."""
    ecr = platform.client("ecr")
    uri = ecr.create_repository(repositoryName="blue-green")["repository"]["repositoryUri"]
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    user, _, password = base64.b64decode(token).decode().partition(":")
    docker = {"DOCKER_CONFIG": str(folder / "docker"), "DOCKER_BUILDKIT": "0"}
    name = f"{uri}:latest"
    images.ensure("python:3.13-slim", lambda _text: None)
    (folder / "app.py").write_text(textwrap.dedent(APPLICATION))
    (folder / "Dockerfile").write_text(
        'FROM python:3.13-slim\nCOPY app.py /app.py\nCMD ["python", "/app.py"]\n'
    )
    host = uri.partition("/")[0]
    run("docker", "login", "-u", user, "--password-stdin", host, given=password, **docker)
    run("docker", "build", "--quiet", "--tag", name, str(folder), **docker)
    run("docker", "push", name, **docker)
    run("docker", "image", "rm", "--force", name)
    return name

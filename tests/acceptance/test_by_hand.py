"""The course's own commands, typed by hand: phases 5, 6 and 7, and tasks 9.1 and 9.5.

The real ``aws`` and ``docker`` in a shell that ``demitasse env`` has set up, on a platform that
was started empty.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.application import Application, Page, installation_in, up, wait_until

from demitasse.cli.up import sources
from demitasse.lab.docker import Docker

pytestmark = pytest.mark.docker

PHASE_5 = r"""
# 5.1 registries and images
account_id=$(aws sts get-caller-identity | grep Account | cut -d '"' -f4)
[ ${#account_id} = 12 ]
for service in customer employee; do
    repository=$(aws ecr create-repository --repository-name $service \
        --query repository.repositoryUri --output text)
    docker tag $service:latest "$repository:latest"
done
aws ecr get-login-password --region us-east-1 \
    | docker login --username AWS --password-stdin "${repository%/*}" >&2
docker push --quiet "${repository%/*}/customer:latest" >&2
docker push --quiet "${repository%/*}/employee:latest" >&2
[ "$(aws ecr list-images --repository-name customer --query 'imageIds[0].imageTag' --output text)" \
    = latest ]

# 5.2 the cluster
aws ecs create-cluster --cluster-name microservices-serverlesscluster >&2

# 5.4 task definitions
for service in customer employee; do
    cat > taskdef-$service.json <<EOF
{
  "containerDefinitions": [{
    "name": "$service",
    "image": "${repository%/*}/$service",
    "environment": [{"name": "APP_LOG_LEVEL", "value": "info"}],
    "essential": true,
    "portMappings": [{"hostPort": 8080, "protocol": "tcp", "containerPort": 8080}],
    "logConfiguration": {
      "logDriver": "awslogs",
      "options": {
        "awslogs-create-group": "true",
        "awslogs-group": "awslogs-capstone",
        "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": "awslogs-capstone"
      }
    }
  }],
  "requiresCompatibilities": ["FARGATE"],
  "networkMode": "awsvpc",
  "cpu": "512",
  "memory": "1024",
  "executionRoleArn": "arn:aws:iam::$account_id:role/PipelineRole",
  "family": "$service-microservice"
}
EOF
    aws ecs register-task-definition --cli-input-json file://taskdef-$service.json \
        --query taskDefinition.taskDefinitionArn --output text
done
"""

PHASE_6 = r"""
# 6.1 target groups
vpc=$(aws ec2 describe-vpcs --filters Name=is-default,Values=true \
    --query 'Vpcs[0].VpcId' --output text)
for which in one two; do
    aws elbv2 create-target-group --name customer-tg-$which --protocol HTTP --port 8080 \
        --target-type ip --vpc-id $vpc --health-check-path / >&2
    aws elbv2 create-target-group --name employee-tg-$which --protocol HTTP --port 8080 \
        --target-type ip --vpc-id $vpc --health-check-path /admin/suppliers >&2
done

# 6.2 security group, load balancer, listeners, rules
group=$(aws ec2 create-security-group --group-name microservices-sg \
    --description "Microservices SG" --vpc-id $vpc --query GroupId --output text)
for port in 80 8080; do
    aws ec2 authorize-security-group-ingress --group-id $group --protocol tcp --port $port \
        --cidr 0.0.0.0/0 >&2
done
subnets=$(aws ec2 describe-subnets --filters Name=vpc-id,Values=$vpc \
    --query 'Subnets[:2].SubnetId' --output text)
balancer=$(aws elbv2 create-load-balancer --name microservicesLB --subnets $subnets \
    --security-groups $group --query 'LoadBalancers[0].LoadBalancerArn' --output text)
arn() {
    aws elbv2 describe-target-groups --names $1 --query 'TargetGroups[0].TargetGroupArn' \
        --output text
}
listen() { # listen PORT ONE-OR-TWO
    listener=$(aws elbv2 create-listener --load-balancer-arn $balancer --protocol HTTP --port $1 \
        --default-actions Type=forward,TargetGroupArn=$(arn customer-tg-$2) \
        --query 'Listeners[0].ListenerArn' --output text)
    aws elbv2 create-rule --listener-arn $listener --priority 10 \
        --conditions 'Field=path-pattern,Values=/admin/*' \
        --actions Type=forward,TargetGroupArn=$(arn employee-tg-$2) >&2
}
listen 80 two
listen 8080 one
aws elbv2 wait load-balancer-available --load-balancer-arns $balancer
"""

PHASE_7 = r"""
vpc=$(aws ec2 describe-vpcs --query 'Vpcs[0].VpcId' --output text)
subnets=$(aws ec2 describe-subnets --query 'Subnets[:2].SubnetId' --output json)
group=$(aws ec2 describe-security-groups --filters Name=group-name,Values=microservices-sg \
    --query 'SecurityGroups[0].GroupId' --output text)
for service in customer employee; do
    target=$(aws elbv2 describe-target-groups --names $service-tg-two \
        --query 'TargetGroups[0].TargetGroupArn' --output text)
    cat > create-$service-microservice-tg-two.json <<EOF
{
  "taskDefinition": "$service-microservice:1",
  "cluster": "microservices-serverlesscluster",
  "loadBalancers": [
    {"targetGroupArn": "$target", "containerName": "$service", "containerPort": 8080}
  ],
  "desiredCount": 1,
  "launchType": "FARGATE",
  "schedulingStrategy": "REPLICA",
  "networkConfiguration": {"awsvpcConfiguration": {
    "subnets": $subnets, "securityGroups": ["$group"], "assignPublicIp": "ENABLED"
  }}
}
EOF
    aws ecs create-service --service-name $service-microservice \
        --cli-input-json file://create-$service-microservice-tg-two.json >&2
done
aws ecs wait services-stable --cluster microservices-serverlesscluster \
    --services customer-microservice employee-microservice
aws ecs describe-services --cluster microservices-serverlesscluster \
    --services customer-microservice employee-microservice
"""

TASK_9_1 = r"""
balancer=$(aws elbv2 describe-load-balancers --names microservicesLB \
    --query 'LoadBalancers[0].LoadBalancerArn' --output text)
for listener in $(aws elbv2 describe-listeners --load-balancer-arn $balancer \
        --query 'Listeners[].ListenerArn' --output text); do
    rule=$(aws elbv2 describe-rules --listener-arn $listener \
        --query "Rules[?Priority=='10'].RuleArn" --output text)
    aws elbv2 modify-rule --rule-arn $rule --conditions \
        'Field=path-pattern,Values=/admin/*' \
        'Field=source-ip,SourceIpConfig={Values=127.0.0.2/32}' >&2
done
"""

TASK_9_5 = r"""
aws ecs update-service --cluster microservices-serverlesscluster \
    --service customer-microservice --desired-count 3 >&2
aws ecs wait services-stable --cluster microservices-serverlesscluster \
    --services customer-microservice
aws ecs list-tasks --cluster microservices-serverlesscluster \
    --service-name customer-microservice --desired-status RUNNING
"""


class Shell:
    """A person's shell, in a folder of its own."""

    def __init__(self, application: Application, folder: Path) -> None:
        self.application, self._folder = application, folder

    def __call__(self, script: str) -> str:
        """Type lines; what they print. Any command that fails fails the test."""
        whole = f'eval "$("{sys.executable}" -m demitasse env)"\n{script}'
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = self.application.on.run(
            "env", f"PATH={path}", f"DOCKER_CONFIG={self._folder / 'docker'}",
            "bash", "-euo", "pipefail", "-c", whole,
            cwd=self._folder,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def page(self, path: str, source: str = "") -> Page:
        return self.application.page(path, source=source)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("by-hand")
    with installation_in(folder / "home", "10.92.0.0/16") as installation:
        up(installation, "--empty")
        for service in ("customer", "employee"):  # phase 4, which another test does
            Docker(labels={"demitasse.kind": "lab"}).build(sources() / service, service)
        yield Shell(Application(installation), folder)


def test_the_courses_commands(shell: Shell) -> None:
    registered = shell(PHASE_5).split()
    account = shell.application.on.settings.account
    assert registered == [
        f"arn:aws:ecs:us-east-1:{account}:task-definition/{service}-microservice:1"
        for service in ("customer", "employee")
    ]

    shell(PHASE_6)
    assert shell.page("/").status == 503  # nobody is behind it yet

    services: list[dict[str, Any]] = json.loads(shell(PHASE_7))["services"]
    assert [(service["status"], service["runningCount"]) for service in services] == [
        ("ACTIVE", 1),
        ("ACTIVE", 1),
    ]
    for path, who in (("/suppliers", "customer"), ("/admin/suppliers", "employee")):
        page = wait_until(
            lambda path=path: (got := shell.page(path)).status == 200 and got, f"{path} answers", 20
        )
        assert page.headers["x-served-by"].startswith(f"{who}/")

    shell(TASK_9_1)
    admitted = wait_until(
        lambda: (
            shell.page("/admin/suppliers").status == 404
            and shell.page("/admin/suppliers", "127.0.0.2")
        ),
        "the rule is in force",
        10,
    )
    assert admitted.status == 200
    assert admitted.headers["x-served-by"].startswith("employee/")
    refused = shell.page("/admin/suppliers", "127.0.0.3")
    assert refused.status == 404
    assert refused.headers["x-served-by"].startswith("customer/")
    assert "have that page in stock" in refused.text

    assert len(json.loads(shell(TASK_9_5))["taskArns"]) == 3
    wait_until(
        lambda: shell.application.is_steady("customer-microservice"), "all three are healthy"
    )
    shares = Counter(shell.page("/suppliers").headers["x-served-by"] for _ in range(60))
    assert len(shares) == 3
    assert min(shares.values()) >= 15, shares

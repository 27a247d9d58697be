"""The names that the course gives to everything."""

from __future__ import annotations

from typing import Final

SERVICES: Final = ("customer", "employee")
MONOLITH_IMAGE: Final = "monolith"
IMAGES: Final = (MONOLITH_IMAGE, *SERVICES)
CONTAINER_PORT: Final = 8080
HEALTH_PATH: Final = {"customer": "/", "employee": "/admin/suppliers"}
EMPLOYEE_PATHS: Final = "/admin/*"

DATABASE: Final = "supplierdb"
DATABASE_GROUP: Final = "database-sg"
DATABASE_NAME: Final = "COFFEE"
DATABASE_ADMIN: Final = "admin"
DATABASE_ADMIN_PASSWORD: Final = "coffee-suppliers"
DATABASE_USER: Final = "nodeapp"
DATABASE_PASSWORD: Final = "coffee"

MONOLITH: Final = "monolith_1"
CLUSTER: Final = "microservices-serverlesscluster"
SECURITY_GROUP: Final = "microservices-sg"
LOAD_BALANCER: Final = "microservicesLB"
LOG_GROUP: Final = "awslogs-capstone"
EXECUTION_ROLE: Final = "PipelineRole"
DEPLOY_ROLE: Final = "DeployRole"
CODE_REPOSITORY: Final = "microservices"
DEPLOYMENT_REPOSITORY: Final = "deployment"
BRANCH: Final = "dev"
APPLICATION: Final = "microservices"
PRODUCTION_PORT: Final = 80
TEST_PORT: Final = 8080


def family(service: str) -> str:
    """The task definition's family, which is the ECS service's name as well."""
    return f"{service}-microservice"


def target_group(service: str, which: str) -> str:
    """``customer-tg-one`` and so on."""
    return f"{service}-tg-{which}"


def deployment_group(service: str) -> str:
    """``microservices-customer`` and so on."""
    return f"{APPLICATION}-{service}"


def pipeline(service: str) -> str:
    """``update-customer-microservice`` and so on."""
    return f"update-{service}-microservice"


def build(service: str) -> str:
    """``build-customer`` and so on: a CodeBuild project and the pipeline in front of it."""
    return f"build-{service}"


def artifact_bucket(account: str) -> str:
    """The bucket of the pipelines' artifacts; bucket names are everybody's, so it has a number."""
    return f"codepipeline-microservices-{account}"

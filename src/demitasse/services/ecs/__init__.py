"""Amazon ECS: clusters, task definitions, tasks, services and task sets, on Fargate's terms."""

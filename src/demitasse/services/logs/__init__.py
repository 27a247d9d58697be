"""Amazon CloudWatch Logs: groups, streams and events, and the awslogs of tasks."""

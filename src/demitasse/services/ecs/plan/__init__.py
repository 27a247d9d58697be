"""Deciding, without touching anything: what a service and what a task needs next."""

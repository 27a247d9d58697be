"""Coffee suppliers, for employees: everything under /admin."""

__version__ = "1.0.0"

"""Coffee suppliers, customers and employees in one."""

__version__ = "1.0.0"

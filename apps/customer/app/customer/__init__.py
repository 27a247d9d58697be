"""Coffee suppliers, for customers: read only."""

__version__ = "1.0.0"

"""Demitasse: the AWS container platform small enough for one machine, and real."""

__version__ = "0.1.0"

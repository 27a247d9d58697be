"""Folders of the machine in which builds work, shared with their containers."""

from demitasse.engines.workspaces.protocol import BadArchive, Packed, Workspace, Workspaces

__all__ = ["BadArchive", "Packed", "Workspace", "Workspaces"]

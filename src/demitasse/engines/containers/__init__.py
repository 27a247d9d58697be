"""Containers: the engine (`docker`), its contract (`protocol`), its values (`spec`), a fake."""

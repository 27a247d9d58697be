"""Containers: the engine (`docker`), its contract (`protocol`), its values (`spec`, `observation`), a fake."""

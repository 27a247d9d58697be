"""The lab: its phases and tasks, each a ``run`` with a ``check`` beside it.

A client of the AWS API like any other: pointed at AWS, the same tasks build the same system there.
"""

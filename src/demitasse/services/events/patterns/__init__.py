"""EventBridge's event patterns: which events a rule is for. Pure.

- ``tokens``     a pattern's text as JSON tokens that know where they stand
- ``compiling``  from tokens to a tree of matchers, or AWS's sentence on what is wrong
- ``matching``   the tree, and whether an event matches it
"""

from __future__ import annotations

from functools import lru_cache

from demitasse.services.events.patterns.compiling import compiled
from demitasse.services.events.patterns.matching import Node
from demitasse.services.events.patterns.tokens import PatternError

__all__ = ["Node", "PatternError", "pattern"]


@lru_cache(maxsize=512)
def pattern(text: str) -> Node:
    """The compiled pattern; ``PatternError`` with AWS's reason when it is none."""
    return compiled(text)

"""A push: let through, carried out by git, kept in the state, and only then acknowledged."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing

from demitasse.api import Caller
from demitasse.engines.git.protocol import Move
from demitasse.errors import EngineError
from demitasse.services.codecommit.records import RepositoryItem, default_branch
from demitasse.services.codecommit.references import References

_LONGEST_NAME = 256 + len("refs/heads/")


async def push(
    references: References,
    item: RepositoryItem,
    request: AsyncIterator[bytes],
    *,
    protocol: str,
    caller: Caller,
) -> AsyncGenerator[bytes, None]:
    """What to answer. From the moment that references may move until they are observed, it is
    this push's turn. ``EngineError`` when the repository was deleted meanwhile.
    """
    identity = item.desired.repository_id
    may_move = observed = False
    async with AsyncExitStack() as turn:

        async def gate(moves: Sequence[Move]) -> str:
            nonlocal may_move
            await turn.enter_async_context(references.turn(identity))
            refusal = _refusal(references.current(item.scope, identity), moves)
            may_move = not refusal
            return refusal

        async def observe() -> None:
            nonlocal observed
            observed = True
            if not await references.observe(item.scope, identity, caller.arn):
                raise EngineError(f"the repository {item.key} was deleted during a push to it")

        try:
            answer = references.git.receive_pack(identity, request, protocol, gate)
            async with aclosing(answer) as pieces:
                async for piece in pieces:
                    if may_move and not observed:
                        await observe()
                    yield piece
        finally:
            if may_move and not observed:  # the client has left; git has ended all the same
                await observe()


def _refusal(item: RepositoryItem | None, moves: Sequence[Move]) -> str:
    """Why a push must not be; "" when it may."""
    if item is None:
        return "RepositoryDoesNotExistException: the repository was deleted during the push."
    default = f"refs/heads/{default_branch(item)}"
    for move in moves:
        if not _can_be_told(move.reference):
            return (
                "InvalidReferenceNameException: the name of a reference is UTF-8, up to 256 bytes."
            )
        if move.reference == default and move.after is None:
            return (
                f"DefaultBranchCannotBeDeletedException: {default_branch(item)} is the default"
                f" branch of {item.key} and cannot be deleted."
            )
    return ""


def _can_be_told(reference: str) -> bool:
    """Whether the API can show it: git itself takes any bytes for a name."""
    try:
        return len(reference.encode()) <= _LONGEST_NAME
    except UnicodeEncodeError:
        return False

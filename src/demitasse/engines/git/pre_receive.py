"""Git runs this as its hook when a push has been received whole and checked, before references
move: it hands the moves to the platform and ends as the platform answers.

A program of its own, run without the package: it knows the two pipes alone. When the platform is
gone, the pipe ends, and nothing moves.
"""

import os
import sys


def main() -> int:
    """Ask, wait, and say why not."""
    ask, answer = int(os.environ["DEMITASSE_ASK"]), int(os.environ["DEMITASSE_ANSWER"])
    moves = sys.stdin.buffer.read()
    try:
        os.write(ask, b"%d\n" % len(moves))
        while moves:
            moves = moves[os.write(ask, moves) :]
    except OSError:
        return 1
    said = b""
    while not said.endswith(b"\n"):
        piece = os.read(answer, 4096)
        if not piece:
            return 1
        said += piece
    refusal = said.strip()
    if refusal:
        sys.stderr.buffer.write(refusal + b"\n")
    return 1 if refusal else 0


if __name__ == "__main__":
    sys.exit(main())

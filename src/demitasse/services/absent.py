"""Lists of what cannot be made here.

Making it is refused by name, so that there is none is the truth. Clients that look are answered as
AWS answers an account without any: an empty page and, when they name one, that it does not exist.
"""

from __future__ import annotations

from collections.abc import Callable

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services import paging
from demitasse.services.base import Api, Context


class Absent:
    """The empty lists of one service.

    ``page`` is the input's member with which a page is asked for, and ``wrong_page`` the error's
    code when it is none of ours. ``sentence`` says in AWS's words that ``{what} {name}`` is not
    there. ``end`` are further members that an empty page has.
    """

    def __init__(
        self, api: Api, *, page: str, wrong_page: str, sentence: str, end: Output | None = None
    ) -> None:
        self._api, self._sentence, self._end = api, sentence, end or {}
        self._page, self._wrong_page = page, wrong_page

    def lists(
        self,
        operation: str,
        what: str,
        *members: str,
        parent: Callable[[Context, Input], object] | None = None,
        **named: str,
    ) -> None:
        """Answer ``operation`` with none of ``what`` in ``members``.

        ``parent`` refuses what the list would be of, when that can be made and is not there;
        ``named`` are the input's members that name one which is not there, with the error's code.
        """

        def answer(context: Context, given: Input) -> Output:
            if parent is not None:
                parent(context, given)
            for member, code in named.items():
                asked = given.get(member)
                if asked:
                    name = asked if isinstance(asked, str) else asked[0]
                    raise ServiceError(code, self._sentence.format(what=what, name=name))
            paging.start(given.get(self._page), code=self._wrong_page)
            return {**{member: [] for member in members}, **self._end}

        answer.__doc__ = f"There is no {what}: none can be made here."
        self._api.operation(operation)(answer)

"""HTTP to one WAHA session: the key, one part of a path, and an answer or a class of trouble."""

from typing import Any
from urllib.parse import quote

from widget.gateways.base import GatewayError, Trouble
from widget.gateways.calls import Calls, may_have_acted
from widget.gateways.waha_codes import SURELY_REFUSED, trouble_of
from widget.http import Answer
from widget.untrusted import map_of


class Session:
    """One request a call, never repeated. Raises GatewayError."""

    def __init__(self, calls: Calls, *, name: str, key: str) -> None:
        self._calls = calls
        self.name = name
        self.timeouts = calls.timeouts
        self._headers = {"X-Api-Key": key}

    @property
    def part(self) -> str:
        """The name as one part of a path."""
        return part(self.name)

    def object(self, method: str, path: str, timeout: float, **request: Any) -> dict[str, Any]:
        found = self.json(method, path, timeout, **request)
        if not isinstance(found, dict):
            raise GatewayError(Trouble.BROKEN_ANSWER, sent=method != "GET")
        return found

    def json(self, method: str, path: str, timeout: float, **request: Any) -> Any:
        found = self.answer(method, path, timeout, **request).json()
        if found is None:
            raise GatewayError(Trouble.BROKEN_ANSWER, sent=True)
        return found

    def done(self, method: str, path: str, timeout: float, **request: Any) -> None:
        """For what answers nothing of use: several engines leave the body empty then."""
        answer = self.answer(method, path, timeout, **request)
        if answer.body and answer.json() is None:
            raise GatewayError(Trouble.BROKEN_ANSWER, sent=True)

    def answer(self, method: str, path: str, timeout: float, **request: Any) -> Answer:
        """An answer that says yes. After an error a message may be on its way, unless it surely is a refusal."""
        answer = self._calls.fetch(method, path, timeout, headers=self._headers, **request)
        if answer.status not in (200, 201):
            trouble = trouble_of(answer)
            own_words = trouble in SURELY_REFUSED and bool(map_of(answer.json()))
            raise GatewayError(trouble, sent=may_have_acted(answer.status, own_words=own_words))
        return answer


def part(text: str) -> str:
    """One path segment: @ and everything else escaped."""
    return quote(text, safe="")

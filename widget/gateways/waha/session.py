"""HTTP to one WAHA session: the key, one part of a path, and an answer or a class of trouble."""

from typing import Any
from urllib.parse import quote

from widget.gateways.base import GatewayError, GatewayErrorCode
from widget.gateways.calls import Calls, may_have_acted
from widget.gateways.waha.codes import SURELY_REFUSED, code_of
from widget.gateways.waha.files import BUCKETS
from widget.http import HttpResponse
from widget.untrusted import as_dict


class WahaSession:
    """One request a call, never repeated; each `timeout` is seconds. Raises GatewayError."""

    def __init__(self, calls: Calls, *, name: str, key: str) -> None:
        self._calls = calls
        self.name = name
        self.timeouts = calls.timeouts
        self._headers = {"X-Api-Key": key}

    @property
    def info(self) -> str:
        """The path of the session's state."""
        return f"/api/sessions/{self.part}"

    @property
    def part(self) -> str:
        """The name as one part of a path."""
        return part(self.name)

    def object(self, method: str, path: str, timeout: float, **request: Any) -> dict[str, Any]:
        """An answer that is an object. One call. Raises GatewayError."""
        found = self.json(method, path, timeout, **request)
        if not isinstance(found, dict):
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER, sent=method != "GET")
        return found

    def json(self, method: str, path: str, timeout: float, **request: Any) -> Any:
        """An answer that is JSON. One call. Raises GatewayError."""
        found = self.answer(method, path, timeout, **request).json()
        if found is None:
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER, sent=True)
        return found

    def done(self, method: str, path: str, timeout: float, **request: Any) -> None:
        """For what answers nothing of use: several engines leave the body empty then. Raises
        GatewayError."""
        answer = self.answer(method, path, timeout, **request)
        if answer.body and answer.json() is None:
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER, sent=True)

    def download(self, url: str, timeout: float, *, largest: int) -> HttpResponse:
        """A file in a bucket; nothing of ours goes along. Raises GatewayError, for a host that may
        not be called without a call."""
        return self._calls.download(url, BUCKETS, timeout, largest=largest)

    def answer(self, method: str, path: str, timeout: float, **request: Any) -> HttpResponse:
        """An answer that says yes. After an error a message may be on its way, unless it surely is
        a refusal. Raises GatewayError. One call, and one for the session's state after a
        timeout."""
        try:
            answer = self._calls.fetch(method, path, timeout, headers=self._headers, **request)
        except GatewayError as error:
            if error.gateway_code is GatewayErrorCode.TIMED_OUT and self._needs_it_working(path) and self._is_down():
                raise GatewayError(GatewayErrorCode.LINE_DOWN, sent=error.sent) from None
            raise
        if answer.status not in (200, 201):
            code = code_of(answer)
            own_words = code in SURELY_REFUSED and bool(as_dict(answer.json()))
            raise GatewayError(code, sent=may_have_acted(answer.status, own_words=own_words))
        return answer

    def _needs_it_working(self, path: str) -> bool:
        """All but the session's own state, and what logs it in."""
        return path != self.info and not path.startswith(f"/api/{self.part}/auth/")

    def _is_down(self) -> bool:
        """Whether the session is down while WAHA itself is well. A request to a stopped or starting
        session waits for 5 to 10 seconds before it fails, but the session's state comes at once.
        One call."""
        try:
            found = self._calls.fetch("GET", self.info, self.timeouts.check, headers=self._headers)
        except GatewayError:
            return False
        return found.status == 404 or as_dict(found.json()).get("status") not in (None, "WORKING")


def part(text: str) -> str:
    """One path segment: @ and everything else escaped."""
    return quote(text, safe="")

"""What both simulators share: how often each endpoint was called, and how it is made to misbehave.

    GET  /_sandbox/calls    {"total": n, "calls": {"name": n}}
    POST /_sandbox/reset    forget the calls, the faults and all state
    POST /_sandbox/faults   {"fault": "http_500", "match": "crm.item.get", "times": 1,
                             "seconds": 0, "after": 0}

`match` is one call name or "*"; `times` counts down, null means until the reset; the first `after`
calls are spared. A POST with an empty object clears the faults; GET lists what is set and which
names there are.
"""

import contextlib
import fnmatch
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

# A client that names itself impatient gets a status of our own at once, where any other gets
# silence: tests of what follows a time-out need not wait for one.
IMPATIENT, GIVEN_UP = "X-Sandbox-Impatient", 599
WHATSAPP = "whatsapp."  # the names of what WhatsApp itself heard begin so


@dataclass
class InjectedFault:
    """One way to misbehave; `seconds` is for the slow ones, `detail` for what a fault needs beside
    (a new domain)."""

    fault: str
    match: str = "*"
    times: int | None = 1
    seconds: float = 0.0
    detail: str = ""
    after: int = 0

    def strikes(self) -> bool:
        """Whether it answers the call that it matches; counts that call."""
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True

    @property
    def is_spent(self) -> bool:
        return self.times is not None and self.times <= 0


@dataclass
class Control:
    """Counts calls and hands out faults. `forget` is called on reset to put the seed back."""

    names: tuple[str, ...]
    forget: Callable[[], None]
    calls: Counter[str] = field(default_factory=Counter)
    faults: list[InjectedFault] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def called(self, name: str) -> InjectedFault | None:
        """Count one call of `name` and return the fault that should answer it, if any.

        The fault "delay" is served here, because it stands beside every other: it holds the call
        for its seconds, or until the faults are cleared.
        """
        with self._changed:
            self.calls[name] += 1
            self._changed.notify_all()
            delays = [fault for fault in self.faults if fault.fault == "delay" and _matches(fault, name)]
            chosen = self.spend(lambda fault: _matches(fault, name))
            if delays:
                longest = max(delays, key=lambda each: each.seconds)
                self._changed.wait_for(lambda: longest not in self.faults, timeout=longest.seconds)
        return chosen

    def wait_for(self, true: Callable[[Counter[str]], bool], *, seconds: float) -> bool:
        """Wait until `true` holds for the counted calls; False if it did not within `seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: true(self.calls), timeout=seconds)

    def heard(self, what: str, times: int = 1) -> None:
        """Count what a call made WhatsApp itself hear; `total` leaves it out, since it is not a
        call of a client of ours."""
        with self._changed:
            self.calls[f"{WHATSAPP}{what}"] += times

    def spend(self, matches: Callable[[InjectedFault], bool]) -> InjectedFault | None:
        """The first fault that matches and strikes, if there is one."""
        for fault in list(self.faults):
            if fault.fault != "delay" and matches(fault) and fault.strikes():
                if fault.is_spent:
                    self.faults.remove(fault)
                return fault
        return None

    def reset(self) -> None:
        with self._changed:
            self.calls.clear()
            self._heal()
        self.forget()

    def _heal(self) -> None:
        self.faults.clear()
        self._changed.notify_all()

    def blueprint(self) -> Blueprint:
        pages = Blueprint("sandbox", __name__, url_prefix="/_sandbox")
        pages.add_url_rule("/calls", view_func=self._show_calls)
        pages.add_url_rule("/reset", view_func=self._reset, methods=["POST"])
        pages.add_url_rule("/faults", view_func=self._faults, methods=["GET", "POST"])
        return pages

    def _show_calls(self) -> ResponseReturnValue:
        with self._changed:
            total = sum(times for name, times in self.calls.items() if not name.startswith(WHATSAPP))
            return jsonify(total=total, calls=dict(self.calls))

    def _reset(self) -> ResponseReturnValue:
        self.reset()
        return jsonify(ok=True)

    def _faults(self) -> ResponseReturnValue:
        if request.method == "POST":
            wanted: Any = request.get_json(silent=True)
            if not isinstance(wanted, dict):
                return jsonify(error="send a JSON object"), 400
            if wanted and wanted.get("fault") not in (*self.names, "delay"):
                return jsonify(error="no such fault", names=[*self.names, "delay"]), 400
            with self._changed:
                if wanted:
                    self.faults.append(InjectedFault(**wanted))
                else:
                    self._heal()
        return jsonify(faults=[asdict(fault) for fault in self.faults], names=[*self.names, "delay"])


def _matches(fault: InjectedFault, name: str) -> bool:
    return fnmatch.fnmatchcase(name, fault.match)


def cut_short(body: bytes, mimetype: str = "application/json") -> Response:
    """Half of an answer, then a closed connection, as a dropped one leaves it."""
    return hang_up(Response(body[: len(body) // 2], mimetype=mimetype), promised=len(body))


def hang_up(answer: Response, *, promised: int) -> Response:
    """Promise more bytes than there are and close the connection, which a server would keep
    open."""
    answer.headers["Content-Length"] = str(promised)  # afterwards: werkzeug corrects it when it is given bytes
    connection = _connection()
    answer.call_on_close(lambda: _close(connection))
    return answer


def keep_silent(seconds: float) -> Response:
    """Say nothing for a time, then close the connection without a word."""
    if IMPATIENT in request.headers:
        return Response(b"", GIVEN_UP)
    time.sleep(seconds)
    return drop_connection()


def drop_connection() -> Response:
    """Close the connection without a word."""
    _close(_connection())
    return Response(b"")


def _connection() -> socket.socket | None:
    """The socket of this request; there is none under Flask's test client."""
    found = request.environ.get("gunicorn.socket")
    return found if isinstance(found, socket.socket) else None


def _close(connection: socket.socket | None) -> None:
    with contextlib.suppress(OSError):  # the client may be quicker
        if connection is not None:
            connection.shutdown(socket.SHUT_RDWR)

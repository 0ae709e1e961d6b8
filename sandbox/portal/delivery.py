"""Posts events to their handlers: a form, one try, in a thread, and remembers what was answered.

bitrix24/b24restdocs: api-reference/events/index.md. Bitrix24 sends through a queue and never again.
"""

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

PATIENCE = 60.0  # seconds for an answer; how long a real portal waits is not known, and a busy machine is not a fault


@dataclass
class Letter:
    """One event to one handler. `status` is None until there is an answer."""

    portal: int
    event: str
    handler: str
    fields: dict[str, str]
    status: int | None = None
    milliseconds: int | None = None
    error: str = ""


@dataclass
class Delivery:
    """`how` says of an event that it is lost, comes twice, or is held until `release`; of all
    others nothing."""

    letters: list[Letter] = field(default_factory=list)
    how: dict[str, str] = field(default_factory=dict)
    held: list[Letter] = field(default_factory=list)
    _under_way: list[threading.Thread] = field(default_factory=list)

    def post(self, letter: Letter) -> None:
        how = self.how.get(letter.event, "")
        if how == "held":
            self.held.append(letter)
        elif how == "lost":
            self.letters.append(replace(letter, error="lost"))
        else:
            for _ in range(2 if how == "twice" else 1):
                self._send(replace(letter))

    def release(self) -> None:
        """Send what was held, the last first."""
        held, self.held = self.held[::-1], []
        for letter in held:
            self._send(letter)

    def _send(self, letter: Letter) -> None:
        self.letters.append(letter)
        thread = threading.Thread(target=_deliver, args=(letter,), daemon=True)
        self._under_way = [each for each in self._under_way if each.is_alive()] + [thread]
        thread.start()

    def wait(self, seconds: float = PATIENCE + 1) -> None:
        """Wait until everything that was sent is answered or given up, at most `seconds`."""
        until = time.monotonic() + seconds
        for thread in list(self._under_way):
            thread.join(max(until - time.monotonic(), 0))

    def told(self) -> list[dict[str, Any]]:
        return [asdict(letter) for letter in list(self.letters)]

    @property
    def under_way(self) -> int:
        return sum(thread.is_alive() for thread in list(self._under_way))

    def forget(self) -> None:
        self.letters, self.how, self.held = [], {}, []


def bracketed(values: Mapping[str, Any], inside: str = "") -> dict[str, str]:
    """{"data": {"FIELDS": {"ID": 7}}} as data[FIELDS][ID]=7, the way PHP writes a query: null is
    left out."""
    flat: dict[str, str] = {}
    for key, value in values.items():
        name = f"{inside}[{key}]" if inside else str(key)
        if isinstance(value, list):
            value = dict(enumerate(value))  # noqa: PLW2901
        if isinstance(value, Mapping):
            flat |= bracketed(value, name)
        elif value is not None:
            flat[name] = str(int(value)) if isinstance(value, bool) else str(value)
    return flat


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A handler that has moved is not followed."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)


def _deliver(letter: Letter) -> None:
    started = time.monotonic()
    asked = urllib.request.Request(letter.handler, urlencode(letter.fields).encode())
    try:
        with _opener.open(asked, timeout=PATIENCE) as answer:
            letter.status = answer.status
    except urllib.error.HTTPError as error:
        letter.status = error.code
        error.close()
    except (OSError, ValueError) as error:
        letter.error = type(error).__name__ if not str(error) else str(error)
    letter.milliseconds = round((time.monotonic() - started) * 1000)

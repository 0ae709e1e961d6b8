"""Every way in which a gateway can misbehave, for everything a page asks, on each of the three: a
class and words in two languages, never a broken page, never a wrong «no», never a message said to
be sent that was not."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.people import API_KEY
from tests.stand import CardPage, Outside, Widget, words_of

IVAN_ROW, ORDERS_ROW = "+7 961 951-00-00", "+7 926 111-22-33"
LINES = {"waha": "sales", "evolution": "branch", "green": "1101000001"}
FAULTS = (
    *("unauthorized", "not_working", "stopped", "rate_overlimit", "error_463", "http_500", "html", "empty", "cut"),
    *("silence", "lost_answer", "refuse"),
)
# What a page may be answered: done, nothing new, asked back, refused with a reason, or the
# gateway's trouble in words.
FINE = {200, 201, 204, 304, 409, 422, 502, 503, 504}
SETTLED = {"is-sent", "is-delivered", "is-read", "is-queued", "is-failed", "is-unknown"}


@pytest.fixture
def widget(make_widget: Callable[..., Widget], kind: str) -> Widget:
    """One line of this kind."""
    return make_widget(lines=(LINES[kind],), light_hours=(0, 0, 24, 24))


def everything_a_page_asks(page: CardPage, key: str, chat: int, refs: list[str]) -> dict[str, CardPage | Any]:
    ref = refs[0]
    asked: dict[str, Callable[[], Any]] = {
        "reveal": page.reveal,
        "check": lambda: page.post("/card/check", {"keys": [key], "line": None, "pressed": True}),
        "refresh": page.refresh,
        "lines": lambda: page.post("/card/lines", {"line": None}),
        "open": lambda: page.open_chat(key),
        "history": lambda: page.history(chat),
        "send": lambda: page.send(chat, "Добрый день!", "k-fault", confirmed=True),
        "read": lambda: page.post(f"/chats/{chat}/read", {"refs": [ref]}),
        "typing": lambda: page.post(f"/chats/{chat}/typing", {"on": True}),
        "react": lambda: page.post(f"/chats/{chat}/messages/{ref}/react", {"emoji": "👍"}),
    }
    return asked


def refs_of(page: CardPage) -> list[str]:
    return [part.split('"', 1)[0] for part in page.text.split('data-ref="')[1:]]


@pytest.mark.parametrize(("kind", "lang"), [("waha", "ru"), ("evolution", "en"), ("green", "ru")])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_gateway_that_misbehaves_is_said_in_words_and_nothing_false_is_shown(
    widget: Widget, outside: Outside, fault: str, lang: str
) -> None:
    line = widget.services.storage.lines.of(widget.portals[0])[0]
    outside.answer_as_client("+79261112233", "Здравствуйте", line.session)
    page = widget.open(lang=lang).reveal()
    key = page.keys[ORDERS_ROW]
    chat = page.open_chat(key).chat
    refs = refs_of(page.history(chat))
    assert refs
    widget.clock.forward(60)  # what is known of the line's state is old
    outside.break_gateway(fault, times=None)

    for name, ask in everything_a_page_asks(page, key, chat, refs).items():
        answer = ask()
        status, text = answer.answer.status_code, answer.text
        assert status in FINE, f"{name}: {status}"
        assert status == 204 or words_of(text), f"{name} says nothing"
        assert 'data-presence="no"' not in text, f"{name} turned a fault into a «no»"
        assert API_KEY not in text
        if name == "send" and status == 201:
            assert any(state in text for state in SETTLED), text
            if fault in ("unauthorized", "not_working", "stopped", "http_500", "html", "empty", "silence"):
                assert "is-sent" not in text
                assert "is-delivered" not in text


@pytest.mark.parametrize("kind", LINES)
@pytest.mark.parametrize("fault", ["unauthorized", "http_500", "html", "lost_answer", "silence"])
def test_a_file_is_never_said_to_be_sent_when_it_was_not(widget: Widget, outside: Outside, fault: str) -> None:
    line = widget.services.storage.lines.of(widget.portals[0])[0]
    outside.answer_as_client("+79261112233", "Здравствуйте", line.session)
    page = widget.open().reveal()
    chat = page.open_chat(page.keys[ORDERS_ROW]).chat
    outside.break_gateway(fault, times=None)

    answer = page.client.post(
        f"/chats/{chat}/files",
        data={"key": "f-1", "confirmed": "true", "file": (io.BytesIO(b"%PDF-1.4"), "a.pdf", "application/pdf")},
        headers={"X-Session": page.session},
    )

    assert answer.status_code in FINE
    if answer.status_code == 201:
        assert "is-failed" in answer.text or "is-unknown" in answer.text

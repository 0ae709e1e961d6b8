"""What strangers, portals and gateways send to hurt the service: a clear error, and bounded
work."""

import itertools
import json
import tracemalloc
from typing import Any

import pytest
from sqlalchemy import update

from tests.stand import CardPage, Outside, Widget
from widget.bitrix24.installer.actual import actual_of
from widget.bitrix24.installer.layouts import in_layout
from widget.bitrix24.installer.report import InLayout
from widget.bitrix24.rest import Batch
from widget.bitrix24.strangers import network_of
from widget.http import MAX_VALUES, read_json
from widget.storage.schema import lines, tokens
from widget.untrusted import as_positive_int

IVAN_ROW = "+7 961 951-00-00"


class BreaksOff:
    """A body whose chunks are none, as gunicorn reads it."""

    def read(self, size: int = -1) -> bytes:
        raise OSError("Invalid chunk size")

    readline = read


PATHS = ("/placement", "/card", "/session", "/app", "/install", "/hooks/bitrix24", "/hooks/gateway/x")
FORMS = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")


def test_a_body_that_breaks_off_is_the_senders_fault(widget: Widget) -> None:
    environ = {"wsgi.input": BreaksOff(), "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    client = widget.app.test_client()
    for path, form in itertools.product(PATHS, FORMS):
        answer = client.post(path, content_type=form, environ_overrides=environ)
        assert 400 <= answer.status_code < 500, (path, form)


@pytest.mark.parametrize(
    "bomb", [b"[" + b"[]," * 2_000_000 + b"[]]", b"[" + b"{}," * 2_000_000 + b"{}]", b"[" * 5_000_000]
)
def test_a_json_of_nothing_fills_no_memory(bomb: bytes) -> None:
    tracemalloc.start()
    found = read_json(bomb)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found is None
    assert most < 3 * len(bomb)


def test_a_json_as_large_as_they_come_is_read() -> None:
    whole = [{"id": n, "text": "a, b, {c}, [d]"} for n in range(MAX_VALUES // 12)]
    assert read_json(json.dumps(whole).encode()) == whole


@pytest.mark.parametrize("value", [10**400, 2**53, -1, 0, 0.5, True, [], "x", "9" * 30, None])
def test_a_number_that_no_computer_has_room_for_is_none(value: Any) -> None:
    assert as_positive_int(value) < 10**18


def test_long_texts_are_shown_without_looking_for_links(widget: Widget, outside: Outside) -> None:
    outside.answer_as_client("+79619510000", "https://example.com/short")
    outside.answer_as_client("+79619510000", "https://example.com/long " * 2000)
    card = widget.open(lang="en").reveal()

    page = card.history(card.open_chat(card.keys[IVAN_ROW]).chat).text

    assert 'href="https://example.com/short"' in page
    assert 'href="https://example.com/long"' not in page
    assert page.count("https://example.com/long") == 2000


def test_a_chat_that_has_not_changed_is_not_drawn_again(widget: Widget, monkeypatch: pytest.MonkeyPatch) -> None:
    card = widget.open(lang="en").reveal()
    chat = card.open_chat(card.keys[IVAN_ROW]).chat
    version = card.history(chat).answer.headers["ETag"]
    monkeypatch.setattr("widget.chats.views._pieces", lambda *asked: pytest.fail("drawn"))

    for known in (version, f"W/{version}"):  # a proxy that packs answers makes it a weak one
        same = card.get(f"/chats/{chat}/messages", **{"If-None-Match": known})
        assert (same.answer.status_code, same.text, same.answer.headers["ETag"]) == (304, "", version)


def made_up(widget: Widget, number: int, address: str = "203.0.113.7") -> CardPage:
    page = widget.post_opening(widget.outside.opening(), AUTH_ID=f"made-up-{number}")
    page.client.environ_base["REMOTE_ADDR"] = address
    return page.reveal()


def test_who_makes_tokens_up_is_soon_not_asked_about(widget: Widget, outside: Outside) -> None:
    answers = [made_up(widget, number).answer.status_code for number in range(34)]

    assert answers[:30] == [401] * 30
    assert answers[30:] == [429] * 4
    calls = sum(n for name, n in outside.calls("portal").items() if "app.info" in name)
    assert calls <= 60  # two servers at most for each
    assert made_up(widget, 99, "203.0.113.8").answer.status_code == 401
    assert widget.open(lang="en").reveal().answer.status_code == 200
    widget.clock.forward(60)
    assert made_up(widget, 100).answer.status_code == 401


@pytest.mark.parametrize(
    ("address", "network"),
    [("203.0.113.7", "203.0.113.7"), ("2001:db8::1:2:3:4", "2001:db8::/64"), ("", ""), ("unix:", "")],
)
def test_an_ipv6_caller_is_their_whole_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_key_that_does_not_open_spoils_its_own_line_and_nothing_else(make_widget: Any) -> None:
    widget = make_widget(lines=("sales", "support"))
    with widget.services.storage.engine.begin() as connection:
        connection.execute(update(lines).where(lines.c.id == 2).values(key="gAAAA-of-another-time", hook_secret="x"))
    card = widget.open(lang="en").reveal()

    assert card.answer.status_code == 200
    chat = card.open_chat(card.keys[IVAN_ROW], line=1)
    assert chat.send(chat.chat, "Hello", "key-1", confirmed=True).answer.status_code == 201
    other = card.open_chat(card.reveal().keys[IVAN_ROW], line=2)
    assert "the gateway does not accept the line's key" in other.send(other.chat, "Hi", "key-2", confirmed=True).words


def test_a_token_that_does_not_open_is_replaced_by_the_next_page(widget: Widget) -> None:
    card = widget.open(lang="en").reveal()
    with widget.services.storage.engine.begin() as connection:
        connection.execute(update(tokens).values(access="x", refresh="x"))

    assert card.refresh().answer.status_code in (401, 403)
    assert widget.open(lang="en").reveal().answer.status_code == 200


@pytest.mark.parametrize("elements", [0.5, "x", 7, {"a": 1}, None, True])
def test_a_layout_of_any_shape_is_looked_through(elements: Any) -> None:
    assert in_layout([{"name": "main", "elements": elements}], "UF_X") is InLayout.NO


def test_lists_of_a_portal_may_hold_anything() -> None:
    odd = ["x", 1, None, [], {"placement": "A", "langAll": 0.5}]
    answer = Batch(
        {
            "me": {"ID": "1", "ADMIN": True},
            "app": {"ID": "app"},
            "scope": ["crm", 5, {}],
            "available": odd,
            "placements": odd,
            "types": odd,
            "known_types": odd,
            "handlers": odd,
            "processes": {"types": odd},
            "fields": {"fields": odd},
        },
        {},
    )
    found = actual_of(answer, 1)
    assert found.available == frozenset({"x"})
    assert [one.code for one in found.placements or ()] == ["A"]

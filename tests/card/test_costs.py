"""What a card costs in round trips: statements, commands, look-ups of the portal, drawings, batches
at the portal."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from flask import template_rendered
from redis.connection import AbstractConnection
from sqlalchemy import event

from tests.stand import CROWDED_DEAL, CardPage, Clock, Outside, Widget
from widget.card.view import BY_OTHER_MEANS, CardView, ShownSettings

MakeWidget = Callable[..., Widget]
ORDERS = "+7 926 111-22-33"


@contextmanager
def counted(widget: Widget, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """What is done within: SQL statements, Redis round trips, look-ups of the portal, drawings of
    the card."""
    counts: Counter[str] = Counter()
    send = AbstractConnection.send_packed_command

    def command(self: Any, *args: Any, **kwargs: Any) -> Any:
        counts["redis"] += 1
        return send(self, *args, **kwargs)

    def statement(*_args: Any) -> None:
        counts["sql"] += 1

    def drawing(_app: Any, template: Any, **_more: Any) -> None:
        counts["drawn"] += template.name == "card/_card.html"

    portals = widget.services.storage.portals
    with monkeypatch.context() as patch:
        patch.setattr(AbstractConnection, "send_packed_command", command)
        for name in ("get", "find", "require"):
            inner = getattr(portals, name)
            patch.setattr(portals, name, lambda *a, _inner=inner, **k: counts.update(portal=1) or _inner(*a, **k))
        event.listen(widget.services.storage.engine, "before_cursor_execute", statement)
        try:
            with template_rendered.connected_to(drawing, widget.app):
                yield counts
        finally:
            event.remove(widget.services.storage.engine, "before_cursor_execute", statement)


@pytest.fixture
def several(make_widget: MakeWidget, redis_url: str) -> Widget:
    """A company of several lines whose first one has checked before, by another card."""
    widget = make_widget(redis_url=redis_url, lines=("sales", "support"), rest_log_days=0)
    widget.open("/crm/lead/details/501/").reveal().check()
    return widget


def test_a_warm_card_of_several_lines_costs_one_round_trip(several: Widget, monkeypatch: pytest.MonkeyPatch) -> None:
    page = several.open().reveal().check()
    page.reveal()
    with counted(several, monkeypatch) as costs:
        page.reveal()
    assert page.rows
    assert (costs["sql"], costs["redis"], costs["portal"]) == (0, 1, 1)


def test_a_check_of_ten_numbers_looks_the_portal_up_once_and_draws_once(
    make_widget: MakeWidget, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    widget = make_widget(redis_url=redis_url, lines=("sales", "support"), check_burst=50, rest_log_days=0)
    widget.open("/crm/lead/details/501/").reveal().check()
    widget.clock.forward(31)  # nothing is left in memory of what the first check read
    for line in widget.services.storage.lines.of(widget.portals[0]):
        widget.services.gateways.status(line, refresh=True)  # as the worker asks once a minute
    page = widget.open(CROWDED_DEAL).reveal()
    assert len(page.to_ask) == 10
    with counted(widget, monkeypatch) as costs:
        page.check(line=1)
    assert (costs["portal"], costs["drawn"]) == (1, 1)
    assert costs["sql"] <= 6
    assert costs["redis"] <= 5


def test_a_card_that_one_process_reads_is_checked_in_another_without_a_batch(
    make_widget: MakeWidget, outside: Outside, redis_url: str
) -> None:
    widget = make_widget(redis_url=redis_url)
    page = widget.open().reveal()
    there = CardPage(widget.twin().app.test_client(), page.answer, page.session)

    there.check()

    assert there.rows[ORDERS] == "yes"
    assert outside.calls("portal")["batch"] == 1
    with redis.Redis.from_url(redis_url) as client:
        kept = b" ".join(each for key in client.keys("*card:*") if (each := client.get(key)))
    assert kept
    for secret in ("Петров", "Окна", "961951", "9261112233"):
        assert secret.encode() not in kept and secret.encode("unicode_escape") not in kept


def test_a_sealed_card_is_no_other_users_and_is_thrown_away_with_the_card(
    make_widget: MakeWidget, outside: Outside, redis_url: str
) -> None:
    widget = make_widget(redis_url=redis_url)
    page = widget.open().reveal()
    widget.twin().open(user="admin").reveal()
    assert outside.calls("portal")["batch"] == 2
    page.refresh()
    CardPage(widget.twin().app.test_client(), page.answer, page.session).reveal()
    assert outside.calls("portal")["batch"] == 3


def test_a_change_in_one_process_is_seen_by_a_warm_card_of_another(
    make_widget: MakeWidget, redis_url: str, clock: Clock
) -> None:
    widget = make_widget(redis_url=redis_url, lines=("sales", "support"))
    page = widget.open().reveal().check()
    page.reveal()
    there = widget.twin().services
    there.storage.chats.remember(widget.portals[0], 2, "+79261112233", proved=True, last_at=clock())
    assert 'data-line="2"' in page.reveal().row_html(ORDERS)


def test_the_fingerprint_changes_with_every_field_that_a_page_shows(widget: Widget) -> None:
    page = widget.open().reveal().check()
    services = widget.services
    session = services.entrance.session_tokens.read_session(page.session)
    portal = services.storage.portals.require(session.portal_id)
    with widget.app.test_request_context(headers={"X-Session": page.session}):
        from widget.card.views import _settings, _view

        view = _view(services.card.loader.see(session, portal))
        settings = _settings(portal)

    def is_seen(changed: CardView) -> bool:
        return changed.fingerprint != view.fingerprint

    for field in dataclasses.fields(CardView):
        other = dataclasses.replace(view, **{field.name: () if field.name == "rows" else 99})
        if field.name not in BY_OTHER_MEANS[CardView] or field.name == "rows":
            assert is_seen(other), field.name
    for field in dataclasses.fields(type(view.rows[0])):
        row = dataclasses.replace(view.rows[0], **{field.name: "another"})
        if field.name not in BY_OTHER_MEANS[type(row)]:
            assert is_seen(dataclasses.replace(view, rows=(row, *view.rows[1:]))), field.name
    for field in dataclasses.fields(type(view.rows[0].item)):
        item = dataclasses.replace(view.rows[0].item, **{field.name: ("another",)})
        row = dataclasses.replace(view.rows[0], item=item)
        assert is_seen(dataclasses.replace(view, rows=(row, *view.rows[1:]))), field.name
    for field in dataclasses.fields(ShownSettings):
        other = dataclasses.replace(settings, **{field.name: "another"})
        assert is_seen(dataclasses.replace(view, settings=other)), field.name


def test_each_field_that_is_left_out_of_the_fingerprint_exists() -> None:
    for kind, names in BY_OTHER_MEANS.items():
        assert set(names) <= {field.name for field in dataclasses.fields(kind)}

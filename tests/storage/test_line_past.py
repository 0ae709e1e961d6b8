from sqlalchemy import insert

from widget.storage.line_health import NOTHING, LineHealths, LinePast
from widget.storage.schema import line_health


def write(store, line_id, portal_id, **values):
    with store.engine.begin() as connection:
        connection.execute(insert(line_health).values(line_id=line_id, portal_id=portal_id, **values))


def test_a_line_nothing_happened_to_has_an_empty_past(store):
    assert LineHealths(store.engine, store.clock).pasts(store.one) == {store.line_one: NOTHING}


def test_a_past_holds_the_newest_message_of_any_chat(store, clock):
    for phone, at in (("+79261112233", 50.0), ("+79261112244", 70.0)):
        store.chats.remember(store.one, store.line_one, phone, last_at=at)
    write(store, store.line_one, store.one, hook_at=5.0, cooldown_until=6.0, cooldown_why="banned", halved_until=7.0)

    assert LineHealths(store.engine, store.clock).pasts(store.one) == {
        store.line_one: LinePast(5.0, 70.0, 6.0, "banned", 7.0)
    }


def test_a_portal_sees_and_changes_its_own_lines_only(store):
    pasts = LineHealths(store.engine, store.clock)
    write(store, store.line_one, store.one, hook_at=5.0, cooldown_until=6.0)

    assert set(pasts.pasts(store.two)) == {store.line_two}
    pasts.forget_reports(store.two, store.line_one)
    assert pasts.pasts(store.one)[store.line_one] == LinePast(5.0, cooldown_until=6.0)

    pasts.forget_reports(store.one, store.line_one)
    assert pasts.pasts(store.one)[store.line_one] == LinePast(cooldown_until=6.0)


def test_a_removed_line_has_none(store):
    store.lines.remove(store.one, store.line_one)

    assert LineHealths(store.engine, store.clock).pasts(store.one) == {}

"""Webhooks of gateways: only the line's own gateway is believed, each is answered at once, and none
costs a call."""

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from huey import MemoryHuey

from sandbox.portal.background import free_port, served
from tests.stand import PATIENCE, Clock, Outside, Widget, config_for, start_widget
from tests.webhooks.gateways import CLIENT, Caller, PlainWebhooks, line_is, tick, written
from widget.gateways.base import Ack, EventKind, GatewayErrorCode, GatewayEvent, LineState
from widget.gateways.serialization import events_json
from widget.storage.line_health import HEARD_EVERY
from widget.webhooks.gateway_receiver import MAX_BODY, MAX_BODY_WITH_FILE


@pytest.fixture
def queue() -> MemoryHuey:
    """A queue that nobody works off: what is answered is answered without the work."""
    return MemoryHuey(immediate=False)


@pytest.fixture
def widget(outside: Outside, clock: Clock, empty_database: str, queue: MemoryHuey) -> Widget:
    config = config_for(outside, empty_database)
    return start_widget(outside, config, clock, queue=queue, webhooks={"waha": PlainWebhooks()})


@pytest.fixture
def gateway(widget: Widget) -> Caller:
    return Caller(widget)


@pytest.fixture
def other(widget: Widget) -> Caller:
    """The gateway of the other portal's line."""
    return Caller(widget, portal=2)


@pytest.fixture
def address(widget: Widget) -> Iterator[tuple[str, int]]:
    port = free_port()
    with served(widget.app, port):
        yield "127.0.0.1", port


def test_a_webhook_is_written_down_sealed_and_waits_for_its_work(gateway: Caller, queue: MemoryHuey) -> None:
    assert gateway.tell(written(at=gateway.widget.clock())) == 200
    (row,) = gateway.rows()
    assert (row["line_id"], row["attempts"]) == (gateway.line.id, 0)
    assert "Добрый" not in row["sealed"] and "9619510000" not in row["sealed"]
    assert gateway.stored["messages"] == gateway.stored["chats"] == []
    assert len(queue.pending()) == 1


def test_answering_asks_nobody(gateway: Caller, outside: Outside) -> None:
    now = gateway.widget.clock()
    outside.reset()
    assert gateway.tell(written(at=now), tick(Ack.READ), line_is(LineState.OFFLINE, at=now)) == 200
    assert (outside.total("gateway"), outside.total("portal")) == (0, 0)


FORGED = {"wrong": "x" * 43, "none": "", "half": None, "other": None}


@pytest.mark.parametrize("how", FORGED)
def test_a_webhook_without_the_lines_own_secret_is_refused(gateway: Caller, other: Caller, how: str) -> None:
    secrets = {**FORGED, "half": gateway.line.hook_secret[:-1], "other": other.line.hook_secret}
    before = gateway.stored
    event = written(at=gateway.widget.clock())
    assert gateway.tell(event, secret=secrets[how]) == 401
    assert gateway.stored == before == other.stored


@pytest.mark.parametrize("status", [401, 503])
def test_it_is_refused_in_the_way_that_this_gateway_understands(
    outside: Outside, clock: Clock, tmp_path, status: int
) -> None:
    webhooks = PlainWebhooks()
    webhooks.refuse_with = status
    config = config_for(outside, f"sqlite:///{tmp_path / 'other.sqlite3'}")
    gateway = Caller(start_widget(outside, config, clock, webhooks={"waha": webhooks}))
    assert gateway.tell(secret="wrong") == status


def test_a_line_that_has_no_secret_has_no_webhooks(gateway: Caller) -> None:
    """Whoever sends an empty secret would prove just that."""
    path = gateway.path
    gateway.widget.services.storage.lines._change(gateway.line.portal_id, gateway.line.id, hook_secret="")
    assert gateway.tell(written(at=1.0), path=path, secret="") == 401
    assert gateway.rows() == []


@pytest.mark.parametrize(
    "key", ["", "x", "0" * 32, "%00", "../bitrix24", "a" * 65, "a" * 9000, "%D1%8F", "' OR 1=1 --", "%"]
)
def test_an_unknown_key_leads_nowhere(gateway: Caller, key: str) -> None:
    assert gateway.tell(written(at=1.0), path=f"/hooks/gateway/{key}") == 404


def test_the_other_portals_address_does_not_take_ours(gateway: Caller, other: Caller) -> None:
    assert gateway.tell(written(at=1.0), path=other.path) == 401
    assert gateway.rows() == other.rows() == []


def test_a_new_secret_ends_the_old_one(gateway: Caller) -> None:
    path, secret = gateway.path, gateway.line.hook_secret
    gateway.widget.services.storage.lines.make_hook(gateway.line.portal_id, gateway.line.id)
    assert gateway.tell(written(at=1.0), secret=secret) == 401
    assert gateway.path == path  # or a gateway that keeps several webhooks would report to both


BROKEN = {
    "nothing": b"",
    "half": b'{"v":1,"events":[',
    "html": b"<!doctype html><h1>502</h1>",
    "not utf-8": b'{"v": "\xff"}',
    "deep": b"[" * 200_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "endless digits": b'{"v": ' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_json_is_refused(gateway: Caller, what: str) -> None:
    assert gateway.post(BROKEN[what]).status_code == 400
    assert gateway.rows() == []


@pytest.mark.parametrize(
    "body",
    [
        *(b"null", b"1", b'"x"', b"[]", b"{}", b'{"event":"call.received"}', b'{"v":1,"events":{}}'),
        b'{"v":1,"events":[{"kind":"ack","chat_ids":["1@c.us"]}]}',  # of no message
        b'{"v":1,"events":[{"kind":"reaction","message_id":"M"}]}',  # of no chat
        b'{"v":1,"events":[{"kind":"ack","message_id":"M","chat_ids":["1@c.us\\n"]}]}',
        b'{"v":1,"events":[{"kind":"ack","message_id":"' + b"M" * 121 + b'","chat_ids":["1@c.us"]}]}',
        b'{"v":1,"events":[{"kind":"line","state":"unknown"}]}',
    ],
)
def test_what_we_do_not_use_is_taken_without_a_row(gateway: Caller, body: bytes) -> None:
    """Refused, it would only come again."""
    assert gateway.post(body).status_code == 200
    assert gateway.rows() == []


def test_a_body_that_is_too_large_is_refused_before_it_is_read(gateway: Caller) -> None:
    nowhere = "/hooks/gateway/nobodys"
    assert gateway.post(b" " * (MAX_BODY + 1), path=nowhere).status_code == 413
    assert gateway.post(b" " * (MAX_BODY_WITH_FILE + 1)).status_code == 413
    assert gateway.post(b"{}" + b" " * (MAX_BODY - 2)).status_code == 200
    assert gateway.rows() == []


def test_a_message_whose_webhook_brings_its_file_along_is_kept_without_it(gateway: Caller) -> None:
    told = json.loads(events_json([written("M1", "Смета", at=gateway.widget.clock())]))
    assert gateway.post(json.dumps({**told, "base64": "A" * 3 * MAX_BODY}).encode()).status_code == 200
    (row,) = gateway.rows()
    assert len(str(row)) < MAX_BODY


def test_a_plan_that_lets_the_line_write_to_nobody_new_ends_its_checks_for_a_day(gateway: Caller) -> None:
    assert gateway.tell(GatewayEvent(EventKind.LINE, why=GatewayErrorCode.QUOTA)) == 200
    pause = gateway.widget.services.presence.cooldown_policy.now(gateway.line)
    assert (pause.why, pause.until) == ("quota", gateway.widget.clock() + 86_400)


def test_a_body_of_unknown_length_is_read_to_the_limit_and_no_further(
    gateway: Caller, address: tuple[str, int]
) -> None:
    head = f"POST {gateway.path} HTTP/1.1\r\nHost: x\r\nX-Secret: {gateway.line.hook_secret}\r\n"
    head += "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with socket.create_connection(address, timeout=PATIENCE) as wire:
        wire.sendall(head.encode())
        try:
            for _ in range(32):  # 2 MiB
                wire.sendall(chunk)
            wire.sendall(b"0\r\n\r\n")
        except OSError:
            pass  # it hung up on us, which is as good
        assert b" 413 " in wire.recv(1000).split(b"\r\n")[0]
    assert gateway.rows() == []


def test_a_chunked_webhook_is_taken_like_any_other(gateway: Caller, address: tuple[str, int], outside: Outside) -> None:
    body = events_json([written(at=gateway.widget.clock())]).encode()
    halves = iter([body[:10], body[10:]])
    url = f"http://{address[0]}:{address[1]}{urlsplit(gateway.path).path}"
    answer = outside.http.post(url, content=halves, headers={"X-Secret": gateway.line.hook_secret})
    assert (answer.status_code, answer.text) == (200, "")
    assert len(gateway.rows()) == 1


def test_a_line_that_is_switched_off_or_removed_is_not_listened_to(gateway: Caller) -> None:
    services, line, path = gateway.widget.services, gateway.line, gateway.path
    services.storage.lines.set_active(line.portal_id, line.id, active=False)
    assert gateway.tell(written(at=1.0), line_is(LineState.OFFLINE, at=1.0)) == 200
    services.storage.lines.remove(line.portal_id, line.id)
    assert gateway.tell(written(at=1.0), path=path, secret=line.hook_secret) == 404
    assert services.storage.line_health.of(line.portal_id, line.id).hook_at == 0
    with services.storage.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM events").scalar_one() == 0


@pytest.mark.parametrize("state", ["closed", "removed"])
def test_a_portal_that_is_gone_is_answered_and_nothing_is_kept(gateway: Caller, state: str) -> None:
    portals, portal_id = gateway.widget.services.storage.portals, gateway.line.portal_id
    if state == "closed":
        portals.close(portal_id, "PAYMENT_REQUIRED")
    else:
        portals.mark_removed(portal_id)
    before = gateway.stored
    assert gateway.tell(written(at=1.0), line_is(LineState.OFFLINE, at=1.0)) == 200
    assert gateway.stored == before


# The line itself.


def writes(gateway: Caller) -> list[str]:
    """Every statement that changes the database, from now on."""
    from sqlalchemy import event

    seen: list[str] = []

    def note(_connection, _cursor, statement, *_more) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            seen.append(statement.split()[0] + " " + statement.split("line_health")[0][-8:])

    event.listen(gateway.widget.services.storage.engine, "before_cursor_execute", note)
    return seen


def test_a_line_that_tells_the_same_three_hundred_times_costs_one_stored_change(gateway: Caller) -> None:
    clock, services, line = gateway.widget.clock, gateway.widget.services, gateway.line
    assert gateway.tell(line_is(LineState.READY, at=clock())) == 200
    clock.forward(HEARD_EVERY)
    written_now = writes(gateway)
    for _ in range(300):
        clock.forward(58 / 300)
        assert gateway.tell(line_is(LineState.CONNECTING, at=clock())) == 200
    assert len(written_now) == 1
    assert gateway.rows() == []
    health = services.storage.line_health.of(line.portal_id, line.id)
    assert (health.state, health.until) == ("connecting", 0.0)


def test_when_a_webhook_last_came_is_known_to_the_minute(gateway: Caller) -> None:
    clock, services, line = gateway.widget.clock, gateway.widget.services, gateway.line
    gateway.post(b"{}")
    first = services.storage.line_health.of(line.portal_id, line.id).hook_at
    assert first == clock()
    clock.forward(HEARD_EVERY - 1)
    gateway.post(b"{}")
    assert services.storage.line_health.of(line.portal_id, line.id).hook_at == first
    clock.forward(1)
    gateway.post(b"{}")
    assert services.storage.line_health.of(line.portal_id, line.id).hook_at == clock()


def test_of_two_states_the_later_one_holds_though_it_came_first(gateway: Caller) -> None:
    now, services, line = gateway.widget.clock(), gateway.widget.services, gateway.line
    gateway.tell(line_is(LineState.RESTRICTED, at=now, until=now + 600))
    gateway.tell(line_is(LineState.READY, at=now - 60))
    health = services.storage.line_health.of(line.portal_id, line.id)
    assert (health.state, health.state_at, health.until) == ("restricted", now, now + 600)


def test_a_change_of_the_line_is_seen_at_the_next_look(gateway: Caller, outside: Outside) -> None:
    """Without a webhook the state would be believed for half a minute."""
    services, line = gateway.widget.services, gateway.line
    assert services.gateways.status(line).state is LineState.READY
    outside.set_line("sales", "STOPPED")
    assert services.gateways.status(line).state is LineState.READY
    gateway.tell(line_is(LineState.OFFLINE, at=gateway.widget.clock()))
    assert services.gateways.status(line).state is LineState.OFFLINE


@pytest.mark.parametrize("state", [LineState.RESTRICTED, LineState.BANNED])
def test_a_restriction_that_a_line_tells_of_pauses_its_checks_at_once(gateway: Caller, state: LineState) -> None:
    now, services, line = gateway.widget.clock(), gateway.widget.services, gateway.line
    assert gateway.tell(line_is(state, at=now, until=now + 7200)) == 200
    cooldown = services.storage.line_health.cooldown_now(line.portal_id, line.id)
    assert (cooldown.until, cooldown.why, cooldown.halved_until > now + 86_400) == (now + 7200, state.value, True)


def test_a_restriction_told_again_or_too_late_starts_no_pause(gateway: Caller, clock: Clock) -> None:
    now, services, line = clock(), gateway.widget.services, gateway.line
    gateway.tell(line_is(LineState.RESTRICTED, at=now))
    first = services.storage.line_health.cooldown_now(line.portal_id, line.id)
    assert first.until == now + 86_400
    clock.forward(2 * 86_400)
    gateway.tell(line_is(LineState.RESTRICTED, at=now))
    gateway.tell(line_is(LineState.READY, at=clock()))
    gateway.tell(line_is(LineState.RESTRICTED, at=now + 1))
    assert services.storage.line_health.cooldown_now(line.portal_id, line.id) == first


def test_a_company_that_tells_too_much_is_told_to_come_again_and_keeps_no_other_waiting(
    gateway: Caller, other: Caller, clock: Clock
) -> None:
    """By events: one report may bring thousands."""
    news = written(at=clock())
    assert gateway.tell(*[news] * 200) == 200
    assert [gateway.tell(*[news] * 200), other.tell(news)] == [503, 200]
    assert len(gateway.rows()) == 1
    clock.forward(60)
    assert gateway.tell(*[news] * 2000) == 200


def test_no_text_number_or_secret_reaches_a_log(gateway: Caller, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        gateway.tell(written(text="Секретный текст", at=1.0))
        gateway.tell(written(text="Секретный текст", at=1.0), secret="wrong")
        gateway.post(b'{"Sekret": ')
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert "webhook.stored line=" in logged
    for secret in ("Секретный", "Sekret", CLIENT[:11], gateway.line.hook_secret, gateway.line.hook_key):
        assert secret not in logged

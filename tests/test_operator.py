"""The operator's side: commands, the keys that seal what is stored, the log of REST calls."""

import json
import re
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from cryptography.fernet import Fernet
from sqlalchemy import insert, inspect, select, text, update

from sandbox.people import API_KEY
from sandbox.portal.credentials import PORTALS
from tests.stand import NOON, PATIENCE, Widget
from widget import logs
from widget.chats.message_facts import MessageFacts, merger
from widget.gateways.base import Message
from widget.keys import PhoneKeys
from widget.storage import rotation, scheduled
from widget.storage.inbox import Inbox
from widget.storage.mirrors import KEY_SECONDS, New, PieceKind
from widget.storage.rest_log import Call, RestLog
from widget.storage.rotation import ROWS, SEALED, reencrypt_everything, rekey_ignored
from widget.storage.scheduled import Scheduled
from widget.storage.schema import changes, portals, sends, tokens
from widget.storage.schema import rest_log as rest_log_table
from widget.storage.secret_box import DecryptionError, SecretBox
from widget.storage.tokens import Token

ROOT = Path(__file__).resolve().parent.parent
MEMBER, OTHER = (portal.member_id for portal in PORTALS)
ADMIN, REP = 1, 2


def run(widget: Widget, *words: str, answer: str = "") -> Result:
    return widget.app.test_cli_runner().invoke(args=list(words), input=answer)


@pytest.fixture
def used(widget: Widget) -> Widget:
    """A widget that was used: a token, a chat, two sends, a change, lines in the REST log."""
    services = widget.services
    page = widget.open(user="rep").reveal().check()
    chat = page.open_chat(page.keys["+7 961 951-00-00"]).chat
    page.send(chat, "Здравствуйте, окна готовы", "key-1" + "0" * 20)
    page.send(chat, "Приезжайте", "key-2" + "0" * 20)
    services.storage.portals.set_application_token(widget.portals[0], "application-token")
    with services.storage.engine.begin() as connection:
        connection.execute(
            insert(changes).values(
                portal_id=widget.portals[0], user_id=ADMIN, user_name="Анна", at=NOON, what="line_added", detail="{}"
            )
        )
    services.storage.rest_log.flush()
    return widget


def sealed_values(widget: Widget) -> list[str]:
    with widget.services.storage.engine.connect() as connection:
        return [value for column in SEALED for value in connection.execute(select(column)).scalars() if value]


# Keys.


def test_every_sealed_column_is_rotated() -> None:
    source = (ROOT / "widget/storage/schema.py").read_text()
    marked = re.findall(r'^    Column\("(\w+)".*# sealed', source, re.M)
    assert sorted(marked) == sorted(column.name for column in SEALED)


def test_a_rotation_seals_everything_with_the_first_key_and_loses_nothing(make_widget, used: Widget) -> None:
    old = used.services.infra.config.encryption_keys[0]
    new = Fernet.generate_key().decode()
    database = used.services.infra.config.database_url
    count = len(sealed_values(used))
    before = used.services.storage.tokens.find(used.portals[0], REP)
    rotating = make_widget(database=database, encryption_keys=(new, old))

    done = run(rotating, "secrets", "rotate")

    assert done.exit_code == 0, done.output
    assert "Everything opens with the first key alone." in done.output
    assert "sends.text: 2 sealed anew, 0 were already, 0 open with no key" in done.output
    values = sealed_values(rotating)
    assert len(values) >= count
    alone = SecretBox([new])
    assert all(alone.decrypt(value) is not None for value in values)
    after = make_widget(database=database, encryption_keys=(new,)).services
    assert after.storage.tokens.find(used.portals[0], REP) == before
    assert after.storage.lines.of(used.portals[0])[0].key == API_KEY
    assert after.storage.portals.application_token(used.portals[0]) == "application-token"
    assert after.storage.sends.by_key(used.portals[0], "key-2" + "0" * 20).text == "Приезжайте"


def test_a_rotation_takes_along_webhooks_that_wait_for_their_work(used: Widget) -> None:
    services, old = used.services, used.services.infra.config.encryption_keys[0]
    new = Fernet.generate_key().decode()
    portal, line = used.portals[0], services.storage.lines.of(used.portals[0])[0].id
    readable = services.storage.inbox.add(portal, line, "[]")
    lost = Inbox(services.storage.engine, SecretBox([Fernet.generate_key().decode()]), used.clock).add(
        portal, line, "[]"
    )

    counts = reencrypt_everything(services.storage.engine, SecretBox([new, old]))["inbox.sealed"]

    assert (counts.anew, counts.before, counts.lost) == (1, 0, 1)
    after = Inbox(services.storage.engine, SecretBox([new]), used.clock)
    assert [after.take(row).events for row in (readable, lost)] == ["[]", ""]
    again = reencrypt_everything(services.storage.engine, SecretBox([new, old]))["inbox.sealed"]
    assert (again.anew, again.before, again.lost) == (0, 1, 1)


def test_a_host_that_has_not_got_the_newest_key_yet_leaves_what_another_one_sealed(
    make_widget, used: Widget, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = make_widget(
        database=used.services.infra.config.database_url, encryption_keys=(Fernet.generate_key().decode(),)
    )
    portal, line, at = used.portals[0], used.services.storage.lines.of(used.portals[0])[0].id, used.clock()
    theirs, ours = newest.services.storage, used.services.storage
    chat, _new = theirs.chats.remember(portal, line, "+79619510000")
    later = Scheduled(portal, line, chat.id, "later", REP, "Анна", "Завтра", due_at=at, since=at)
    theirs.scheduled.add(later, per_hour=9)
    mirror = theirs.mirrors.put(chat, New("k", PieceKind.OPERATOR, words="Привет"))
    row = theirs.inbox.add(portal, line, "[]")
    monkeypatch.setattr(scheduled, "AT_ONCE", 1)

    used.services.webhooks.ingest.work(row)
    assert ours.inbox.take(row) is None  # it is tried again later
    assert ours.scheduled.due() == []
    taken = ours.mirrors.take(mirror)
    assert ours.mirrors.waits(taken)
    with pytest.raises(DecryptionError):
        ours.mirrors.next(taken)

    ours.scheduled.add(replace(later, send_key="behind it", text="Сегодня"), per_hour=9)
    assert [each.text for each in ours.scheduled.due()] == ["Сегодня"]
    assert [each.text for each in theirs.scheduled.due()] == ["Завтра"]
    used.clock.forward(60)
    assert theirs.inbox.take(row).events == "[]"

    used.clock.forward(KEY_SECONDS)
    assert ours.mirrors.next(taken).words == ""  # a key that never came holds up nothing any more


def test_who_is_ignored_is_so_under_a_new_secret_key_with_and_after_the_old_one(make_widget, used: Widget) -> None:
    portal, database, old = (
        used.portals[0],
        used.services.infra.config.database_url,
        used.services.infra.config.secret_key,
    )
    used.services.storage.ignores.add(portal, 0, ["+79990000000"], ADMIN)

    def ignores(widget: Widget) -> bool:
        return widget.services.storage.ignores.ignores(portal, 1, ["+79990000000"])

    both = make_widget(database=database, secret_key="n" * 40, old_secret_keys=(old,))
    assert ignores(both)
    done = run(both, "secrets", "rotate")
    assert "ignored.client_key: 1 sealed anew, 0 were already" in done.output
    assert ignores(make_widget(database=database, secret_key="n" * 40))
    assert "ignored.client_key: 0 sealed anew, 1 were already" in run(both, "secrets", "rotate").output


def test_who_is_taken_off_the_ignored_while_keys_are_rotated_stays_off(
    used: Widget, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal, stored = used.portals[0], used.services.storage
    stored.ignores.add(portal, 0, "+79990000000", ADMIN)
    (row,), opened = stored.ignores.of(portal), stored.secret_box.decrypt_or_empty

    def meanwhile(sealed: str) -> str:
        monkeypatch.undo()
        stored.ignores.remove(portal, row.id)
        return opened(sealed)

    monkeypatch.setattr(stored.secret_box, "decrypt_or_empty", meanwhile)
    assert rekey_ignored(stored.engine, stored.secret_box, PhoneKeys("n" * 40)).anew == 0
    assert stored.ignores.of(portal) == []


def test_a_rotation_may_be_repeated_and_changes_nothing_then(used: Widget) -> None:
    before = sealed_values(used)
    done = run(used, "secrets", "rotate")
    assert done.exit_code == 0
    assert sealed_values(used) == before
    assert " 0 sealed anew" in done.output and " 1 sealed anew" not in done.output


def test_a_rotation_that_was_interrupted_goes_on_where_it_was(used: Widget, monkeypatch) -> None:
    engine, old = used.services.storage.engine, used.services.infra.config.encryption_keys[0]
    portal, chat = used.portals[0], 1
    many = 2 * ROWS + 50
    secret_box = SecretBox([old])
    row = {"portal_id": portal, "chat_id": chat, "user_id": REP, "state": "sent", "reason": "", "message_id": ""}
    with engine.begin() as connection:
        connection.execute(
            insert(sends),
            [
                {**row, "send_key": f"n{n}", "text": secret_box.encrypt(f"text {n}"), "created_at": 0, "changed_at": 0}
                for n in range(many)
            ],
        )
    new = Fernet.generate_key().decode()
    rotating = SecretBox([new, old])
    calls = 0

    def dies(sealed: str) -> str:
        nonlocal calls
        calls += 1
        if calls > ROWS + 100:
            raise KeyboardInterrupt
        return SecretBox.reencrypt(rotating, sealed)

    stopping = SecretBox([new, old])
    monkeypatch.setattr(stopping, "reencrypt", dies)
    with pytest.raises(KeyboardInterrupt):
        reencrypt_everything(engine, stopping)
    counts = reencrypt_everything(engine, rotating)
    assert 0 < counts["sends.text"].before < many
    assert counts["sends.text"].anew + counts["sends.text"].before == many + 2
    with engine.connect() as connection:
        texts = [SecretBox([new]).decrypt(value) for value in connection.execute(select(sends.c.text)).scalars()]
    assert {f"text {n}" for n in range(many)} < set(texts)


def test_a_rotation_leaves_what_somebody_changed_meanwhile_to_them(used: Widget, monkeypatch) -> None:
    engine, old = used.services.storage.engine, used.services.infra.config.encryption_keys[0]
    secret_box = SecretBox([Fernet.generate_key().decode(), old])
    newer = Token("newer", "next", 0)

    def slowly(sealed: str) -> str:
        anew = SecretBox.reencrypt(secret_box, sealed)
        if secret_box.decrypt(sealed) != "newer":
            used.services.storage.tokens.put(used.portals[0], REP, newer)
        return anew

    monkeypatch.setattr(secret_box, "reencrypt", slowly)
    counts = rotation._reencrypt(engine, secret_box, tokens.c.access)
    assert (counts.anew, counts.before, counts.lost) == (0, 0, 0)
    assert used.services.storage.tokens.find(used.portals[0], REP) == newer


def test_a_value_that_no_key_opens_is_counted_and_left(used: Widget) -> None:
    lost = SecretBox([Fernet.generate_key().decode()]).encrypt("lost")
    with used.services.storage.engine.begin() as connection:
        connection.execute(update(portals).where(portals.c.member_id == OTHER).values(application_token=lost))
    done = run(used, "secrets", "rotate")
    assert done.exit_code == 1
    assert "portals.application_token: 0 sealed anew, 1 were already, 1 open with no key" in done.output
    assert lost in sealed_values(used)
    with pytest.raises(DecryptionError):
        used.services.storage.secret_box.reencrypt(lost)


def test_new_secrets_can_be_made_with_and_before_any_settings(widget: Widget) -> None:
    by_module = subprocess.run(
        [sys.executable, "-m", "widget.commands.secrets"], cwd=ROOT, env={}, capture_output=True, text=True, check=True
    ).stdout
    for printed in (run(widget, "secrets", "make").output, by_module):
        made = dict(line.split("=", 1) for line in printed.splitlines())
        assert len(made["SECRET_KEY"]) >= 32
        assert SecretBox([made["ENCRYPTION_KEYS"]]).decrypt(SecretBox([made["ENCRYPTION_KEYS"]]).encrypt("x")) == "x"


# One portal.


def test_a_check_of_a_healthy_portal_names_what_works_and_ends_well(used: Widget) -> None:
    done = run(used, "portal", "check", MEMBER)
    assert done.exit_code == 0, done.output
    assert "!!" not in done.output
    for words in ("state: active", f"token: of user {REP} works", "address: http", "subscription: status L", "ready"):
        assert words in done.output


def test_a_check_shows_no_secret(used: Widget) -> None:
    token = used.services.storage.tokens.find(used.portals[0], REP)
    shown = run(used, "portal", "check", MEMBER).output
    assert not [secret for secret in (token.access, token.refresh, API_KEY, "application-token") if secret in shown]


def test_a_check_renews_an_expired_token(used: Widget) -> None:
    used.outside.break_portal("expired_token", "app.info")
    assert run(used, "portal", "check", MEMBER).exit_code == 0
    assert used.outside.calls("portal")["oauth:token"] == 1


@pytest.mark.parametrize(
    ("fault", "match", "said"),
    [
        ("invalid_token", "app.info", "!!  token: of user 2: no_auth (invalid_token)"),
        ("APPLICATION_NOT_FOUND", "app.info", "!!  token: of user 2: portal_closed (APPLICATION_NOT_FOUND)"),
        ("html", "profile", "!!  token: of user 2: portal_failed (HTTP 200, not JSON)"),
        ("PAYMENT_REQUIRED", "app.info", "!!  token: of user 2: portal_unpaid (PAYMENT_REQUIRED)"),
    ],
)
def test_a_check_of_a_portal_in_trouble_says_what_it_is_and_ends_with_1(
    used: Widget, fault: str, match: str, said: str
) -> None:
    used.outside.break_portal(fault, match, times=None)
    done = run(used, "portal", "check", MEMBER)
    assert done.exit_code == 1
    assert said in done.output


def test_a_check_names_a_line_that_is_down_and_a_portal_without_tokens(used: Widget) -> None:
    used.outside.set_line("sales", "SCAN_QR_CODE")
    assert "Line sales: scan_qr" in run(used, "portal", "check", MEMBER).output
    assert "!!  token: none is stored" in run(used, "portal", "check", OTHER).output


def test_a_check_of_a_closed_portal_makes_no_call_to_it(used: Widget) -> None:
    used.services.storage.portals.close(used.portals[0], "portal_deleted")
    calls = used.outside.calls("portal")
    assert "!!  state: closed portal_deleted" in run(used, "portal", "check", MEMBER).output
    assert used.outside.calls("portal") == calls


@pytest.mark.parametrize("command", [("portal", "check"), ("portal", "delete"), ("portal", "export"), ("rest-log",)])
def test_a_portal_that_nobody_knows_is_told(widget: Widget, tmp_path: Path, command: tuple[str, ...]) -> None:
    more = [str(tmp_path / "out.json")] if command[-1] == "export" else []
    done = run(widget, *command, "nobody", *more)
    assert done.exit_code == 2
    assert "no such portal" in done.output


def test_a_deletion_takes_everything_of_that_portal_counts_it_and_leaves_the_other(used: Widget) -> None:
    other = used.services.storage.lines.of(used.portals[1])
    done = run(used, "portal", "delete", MEMBER, "--yes")
    assert done.exit_code == 0, done.output
    assert "2 sends" in done.output and "1 tokens" in done.output and "1 lines" in done.output
    with used.services.storage.engine.connect() as connection:
        there = inspect(connection)
        for table in there.get_table_names():
            if "portal_id" in {column["name"] for column in there.get_columns(table)}:
                query = text(f"SELECT count(*) FROM {table} WHERE portal_id = {used.portals[0]}")
                assert connection.execute(query).scalar_one() == 0, table
    assert used.services.storage.portals.find(MEMBER) is None
    assert used.services.storage.lines.of(used.portals[1]) == other


def test_a_deletion_asks_first(used: Widget) -> None:
    done = run(used, "portal", "delete", MEMBER, answer="n\n")
    assert done.exit_code == 1
    assert "2 sends" in done.output
    assert used.services.storage.portals.find(MEMBER)


def test_an_export_holds_the_portal_s_data_and_no_secret_and_only_its_owner_may_read_it(
    used: Widget, tmp_path: Path
) -> None:
    file = tmp_path / "portal.json"
    token = used.services.storage.tokens.find(used.portals[0], REP)
    done = run(used, "portal", "export", MEMBER, str(file))
    assert done.exit_code == 0, done.output
    assert file.stat().st_mode & 0o777 == 0o600
    written = file.read_text()
    exported = json.loads(written)
    assert exported["portal"]["member_id"] == MEMBER
    assert [send["text"] for send in exported["sends"]] == ["Здравствуйте, окна готовы", "Приезжайте"]
    assert [step["what"] for send in exported["sends"] for step in send["steps"]] == ["sent", "sent"]
    assert [line["name"] for line in exported["lines"]] == ["Line sales"]
    assert len(exported["chats"]) == 1 and len(exported["changes"]) == 1
    assert {row["portal_id"] for name in exported if name != "portal" for row in exported[name]} == {used.portals[0]}
    assert not [secret for secret in (API_KEY, token.access, token.refresh, "application-token") if secret in written]
    assert not [value for value in sealed_values(used) if value in written]


def test_an_export_holds_what_webhooks_told_with_its_texts_and_no_way_in(used: Widget, tmp_path: Path) -> None:
    services, portal_id = used.services, used.portals[0]
    (line,) = services.storage.lines.all_of(portal_id)
    services.storage.lines.make_hook(portal_id, line.id)
    (line,) = services.storage.lines.all_of(portal_id)
    written = Message("M1", "ref", 1_700_000_000, False, "Когда привезёте?")
    for portal, of_line in ((portal_id, line.id), (used.portals[1], services.storage.lines.of(used.portals[1])[0].id)):
        services.storage.messages.grow(portal, of_line, "1@c.us", "M1", merger(MessageFacts(written)))
        services.storage.line_health.record_webhook(portal, of_line, state="offline", at=1.0)
    file = tmp_path / "told.json"
    assert run(used, "portal", "export", MEMBER, str(file)).exit_code == 0
    exported = json.loads(file.read_text())
    assert [message["body"]["message"]["text"] for message in exported["messages"]] == ["Когда привезёте?"]
    assert [health["state"] for health in exported["line_health"]] == ["offline"]
    assert [hour["sent"] for hour in exported["usage"]] == [2]
    assert not [secret for secret in (line.hook_key, line.hook_secret) if secret in file.read_text()]


def test_an_export_never_writes_over_a_file(used: Widget, tmp_path: Path) -> None:
    file = tmp_path / "portal.json"
    file.write_text("mine")
    done = run(used, "portal", "export", MEMBER, str(file))
    assert done.exit_code == 2
    assert file.read_text() == "mine"


def test_a_line_at_a_private_address_is_not_added_unless_the_operator_allows_it(make_widget, outside) -> None:
    words = ("line", "add", "--portal", MEMBER, "--name", "x", "--session", "x", "--address", outside.gateway)
    strict = make_widget(allow_private_lines=False)
    done = run(strict, *words, answer="key\n")
    assert done.exit_code == 2 and "private network" in done.output
    assert len(strict.services.storage.lines.of(strict.portals[0])) == 1


def test_what_an_operator_changes_is_in_the_log_that_administrators_read(widget: Widget) -> None:
    address = widget.services.storage.lines.of(widget.portals[0])[0].address
    line = ("line", "add", "--portal", MEMBER, "--address", address, "--session", "extra")
    for words, key in (
        (("portal", "visibility", MEMBER, "facts"), ""),
        (("portal", "visibility", MEMBER, "facts"), ""),  # changes nothing
        ((*line, "--name", "Extra"), "key-1\n"),
        ((*line, "--name", "Extra", "--number", "+79638477312"), "key-2\n"),
    ):
        done = run(widget, *words, answer=key)
        assert done.exit_code == 0, done.output

    logged = widget.services.storage.changes.latest(widget.portals[0])
    assert {(change.user_id, change.user_name) for change in logged} == {(0, "operator")}
    assert [(change.what.value, change.line, change.old, change.new) for change in reversed(logged)] == [
        ("visibility", "", "button", "facts"),
        ("line_added", "Extra", "", ""),
        ("line_key", "Extra", "", ""),
        ("line_number", "Extra", "", "+79638477312"),
    ]
    for lang, shown in (("en", "Operator of the service"), ("ru", "Оператор сервиса")):
        assert shown in widget.open("/app/", user="admin", lang=lang).words


# The log of REST calls.


def test_the_rest_log_shows_what_was_called_without_numbers_names_texts_and_tokens(used: Widget) -> None:
    done = run(used, "rest-log", MEMBER)
    assert done.exit_code == 0, done.output
    assert f"user={REP} batch 200" in done.output
    assert '"crm.item.get",{"entityTypeId":"2","id":"7045"}' in done.output
    token = used.services.storage.tokens.find(used.portals[0], REP)
    for secret in (token.access, "Петров", "Роман", "961951", "961 951", "Здравствуйте"):
        assert secret not in done.output, secret
    assert not re.search(r"\d{7,}", done.output.replace("2027", ""))


def test_an_error_is_in_the_rest_log_by_its_code(used: Widget) -> None:
    used.outside.break_portal("insufficient_scope", "profile")
    run(used, "portal", "check", MEMBER)
    assert "profile 403 insufficient_scope" in run(used, "rest-log", MEMBER).output


def test_a_portal_s_rest_log_is_its_own(used: Widget) -> None:
    assert run(used, "rest-log", OTHER).output == ""


def test_old_lines_of_the_rest_log_are_wiped(used: Widget) -> None:
    log, portal = used.services.storage.rest_log, used.portals[0]
    count = len(log.of(portal, 100))
    assert log.wipe(NOON - 1) == 0
    assert log.wipe(NOON + 1) == count
    assert log.of(portal, 100) == []


def test_no_rest_log_is_kept_where_the_operator_wants_none(make_widget) -> None:
    quiet = make_widget(rest_log_days=0)
    quiet.open().reveal()
    quiet.services.storage.rest_log.flush()
    assert quiet.services.storage.rest_log.of(quiet.portals[0], 10) == []


def call(portal_id: int, method: str = "profile") -> Call:
    return Call(portal_id, REP, NOON, method, "200", 5, {"ID": 7}, b'{"result": {"ID": "7", "NAME": "Anna"}}')


def test_a_call_costs_no_query_and_is_written_soon_by_itself(widget: Widget) -> None:
    written = threading.Event()

    class Watched(RestLog):
        def flush(self) -> None:
            super().flush()
            written.set()

    log = Watched(widget.services.storage.engine, keep=True, wait=0.01)
    log.write(call(widget.portals[0]))
    assert written.wait(PATIENCE)
    (entry,) = log.of(widget.portals[0], 10)
    assert (entry.method, entry.request, entry.answer) == ("profile", '{"ID":7}', '{"result":{"ID":"7","NAME":"…"}}')


def test_lines_of_a_portal_that_was_deleted_meanwhile_do_not_take_others_with_them(widget: Widget) -> None:
    log = RestLog(widget.services.storage.engine, keep=True, wait=60)
    for portal in (widget.portals[0], 999, widget.portals[1]):
        log.write(call(portal))
    log.flush()
    assert [len(log.of(portal, 10)) for portal in (*widget.portals, 999)] == [1, 1, 0]


def test_a_large_answer_is_kept_as_its_size(widget: Widget) -> None:
    log = RestLog(widget.services.storage.engine, keep=True, wait=60)
    log.write(Call(widget.portals[0], REP, NOON, "batch", "200", 5, {}, b"x" * 200_000))
    log.flush()
    assert log.of(widget.portals[0], 1)[0].answer == "195 kB"


def test_a_database_in_trouble_loses_lines_and_nothing_else(widget: Widget, caplog) -> None:
    log = RestLog(widget.services.storage.engine, keep=True, wait=60)
    rest_log_table.drop(widget.services.storage.engine)
    log.write(call(widget.portals[0]))
    log.flush()
    assert "rest_log.not_written lines=1 " in caplog.text


# The rest.


def test_each_run_of_a_command_has_an_id_in_the_log(widget: Widget, monkeypatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(widget.services.storage.portals, "all", lambda: seen.append(logs.request_id()) or [])
    run(widget, "portal", "list")
    run(widget, "portal", "list")
    assert len(set(seen)) == 2 and all(re.fullmatch(r"cli-[0-9a-f]{12}", one) for one in seen)


def test_the_list_of_portals_says_which_are_closed(widget: Widget) -> None:
    widget.services.storage.portals.close(widget.portals[1], "portal_deleted")
    first, second = run(widget, "portal", "list").output.splitlines()
    assert first.endswith("active") and second.endswith("closed portal_deleted")


def test_renewals_and_portal_errors_are_at_metrics(widget: Widget, outside) -> None:
    outside.break_portal("expired_token", "batch")
    page = widget.open().reveal()
    shown = page.client.get("/metrics").get_data(as_text=True)
    assert 'widget_token_renewals_total{outcome="renewed"} 1.0' in shown
    assert 'widget_portal_errors_total{code="expired_token"} 1.0' in shown


def test_a_token_that_opens_with_no_key_is_no_token_and_is_not_logged(
    widget: Widget, caplog: pytest.LogCaptureFixture
) -> None:
    with widget.services.storage.engine.begin() as connection:
        sealed = SecretBox([Fernet.generate_key().decode()]).encrypt("x")
        connection.execute(
            insert(tokens).values(portal_id=widget.portals[0], user_id=9, access=sealed, refresh=sealed, expires_at=0)
        )
    assert widget.services.storage.tokens.find(widget.portals[0], 9) is None
    assert "secrets.not_opened" in caplog.text
    assert sealed not in caplog.text

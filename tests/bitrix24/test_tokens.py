"""One pair for each user: renewed by one at a time in all processes, never lost, sealed, told to
nobody."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from sandbox.portal.credentials import CLIENT_ID, CLIENT_SECRET
from tests.bitrix24 import renewers
from tests.bitrix24.conftest import LEASE, REP
from tests.stand import PATIENCE
from widget.bitrix24.oauth import OAuth, OwnApplication
from widget.bitrix24.renewal import Renewal
from widget.errors import ErrorCode, Refused
from widget.http import make_client
from widget.metrics import Metrics
from widget.storage.tokens import Token, Tokens

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def here(sign_in):
    return sign_in()


@pytest.fixture
def process(widget, outside, here) -> Iterator[Callable[[int], subprocess.Popen[str]]]:
    """Starts a worker of its own that makes so many calls at once and waits for «go»."""
    config = widget.services.infra.config
    with ExitStack() as running:

        def start(calls: int) -> subprocess.Popen[str]:
            arguments = (config.database_url, config.encryption_keys[0], f"{outside.portal}/oauth")
            program = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.bitrix24.renewers",
                    *arguments,
                    str(here.portal.id),
                    str(REP),
                    str(calls),
                ],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            running.enter_context(program)
            running.callback(program.kill)
            return program

        yield start


def renewal_of(here, outside, *, tokens=None, **changes) -> Renewal:
    settings = {"allow_http": True, "timeout": PATIENCE, "clock": time.time}
    oauth = OAuth(make_client(), [f"{outside.portal}/oauth"], OwnApplication(CLIENT_ID, CLIENT_SECRET), **settings)
    return Renewal(oauth, here.portals, tokens or here.tokens, here.metrics, **{"lease_seconds": LEASE, **changes})


def renewed(metrics: Metrics, outcome: str) -> float:
    return metrics.registry.get_sample_value("widget_token_renewals_total", {"outcome": outcome}) or 0.0


# Across processes.


def test_twenty_calls_in_two_processes_with_one_expired_token_make_one_renewal(process, outside, here):
    before = here.token
    outside.break_portal("expired_token", "profile", times=20)
    both = [process(10), process(10)]
    outside.until(lambda calls: calls["profile"] == 20, "portal")

    answers = [answer for program in both for answer in program.communicate("go\n", timeout=PATIENCE)[0].split()]

    assert answers == [str(REP)] * 20
    assert outside.calls("portal") == {"profile": 40, "oauth:token": 1}
    assert here.token.access != before.access
    assert here.call()["ID"] == str(REP)


def test_a_process_killed_in_the_middle_of_a_renewal_blocks_nobody_for_long(process, outside, here):
    expired = here.token
    outside.break_portal("expired_token", "profile", times=1)
    outside.break_portal("silence", "oauth:token", times=1)
    program = process(1)
    outside.until(lambda calls: calls["profile"] == 1, "portal")
    assert program.stdin
    program.stdin.write("go\n")
    program.stdin.flush()
    outside.until(lambda calls: calls["oauth:token"] == 1, "portal")
    program.kill()
    program.wait()

    waited: list[float] = []
    clock = [time.time()]

    def wait(seconds: float) -> None:
        waited.append(seconds)
        clock[0] += 1

    token = renewal_of(here, outside, now=lambda: clock[0], sleep=wait).renew(here.portal, REP, expired)

    assert waited  # the lease of the dead process was respected until it ended
    assert len(waited) <= renewers.LEASE + 2
    assert token == here.token != expired


def test_a_lease_is_taken_by_one_and_ends_by_itself(here):
    pair, mine = here.token, (here.portal.id, REP)
    assert here.tokens.lease(*mine, pair, now=100, until=120)
    assert not here.tokens.lease(*mine, pair, now=119, until=139)
    assert here.tokens.lease(*mine, pair, now=121, until=141)
    here.tokens.release(*mine, until=120)  # the first holder is late: not its lease any more
    assert not here.tokens.lease(*mine, pair, now=130, until=150)
    here.tokens.release(*mine, until=141)
    assert here.tokens.lease(*mine, pair, now=130, until=150)


def test_a_lease_is_for_the_pair_that_was_found_expired_and_for_no_newer_one(here):
    expired, mine = here.token, (here.portal.id, REP)
    here.tokens.put(*mine, Token("newer", "next", 0))
    assert not here.tokens.lease(*mine, expired, now=100, until=120)


def test_whoever_waits_in_vain_is_told_and_asks_nobody(here, outside):
    clock = [1000.0]
    assert here.tokens.lease(here.portal.id, REP, here.token, now=1000, until=5000)

    def wait(seconds: float) -> None:
        clock[0] += 1

    renewal = renewal_of(here, outside, now=lambda: clock[0], sleep=wait)
    with pytest.raises(Refused) as refused:
        renewal.renew(here.portal, REP, here.token)
    assert refused.value.code is ErrorCode.PORTAL_FAILED
    assert outside.total("portal") == 0


def test_two_users_are_renewed_side_by_side(here, outside):
    here.tokens.put(here.portal.id, 1, Token("other", "others", 0))
    assert here.tokens.lease(here.portal.id, 1, here.tokens.find(here.portal.id, 1), now=1, until=time.time() + 60)
    assert renewal_of(here, outside).renew(here.portal, REP, here.token) == here.token
    assert outside.calls("portal") == {"oauth:token": 1}


# Never lost.


def test_a_refused_refresh_token_is_looked_up_again_once(here, outside):
    """Somebody else may have stored a newer pair between the reading and the answer."""
    expired = here.token
    fields = outside.opening()["fields"]
    newer = Token(fields["AUTH_ID"], fields["REFRESH_ID"], 0)

    class Late(Tokens):
        def lease(self, portal_id, user_id, pair, *, now, until):
            got = super().lease(portal_id, user_id, pair, now=now, until=until)
            here.tokens.put(portal_id, user_id, newer)
            return got

    late = Late(here.tokens._engine, here.tokens._secret_box)
    outside.break_portal("invalid_grant", "oauth:token", times=None)
    assert renewal_of(here, outside, tokens=late).renew(here.portal, REP, expired) == newer
    assert outside.calls("portal") == {"oauth:token": 1}
    assert renewed(here.metrics, "shared") == 1


def test_a_refresh_token_that_is_worth_nothing_drops_that_user_s_pair_only(here, outside):
    here.tokens.put(here.portal.id, 1, Token("other", "others", 0))
    outside.break_portal("expired_token", "profile")
    outside.break_portal("invalid_grant", "oauth:token", times=None)
    with pytest.raises(Refused) as refused:
        here.call()
    assert (refused.value.code, refused.value.reason) == (ErrorCode.NO_AUTH, "invalid_grant")
    assert here.tokens.find(here.portal.id, REP) is None
    assert here.tokens.find(here.portal.id, 1)
    with pytest.raises(Refused):
        here.call()
    assert outside.calls("portal") == {"profile": 1, "oauth:token": 1}  # nothing more is asked with it


def test_a_pair_that_cannot_be_stored_at_first_is_stored_at_the_next_try(here, outside, caplog):
    class Locked(Tokens):
        failures = 2

        def replace(self, portal_id, user_id, token):
            if self.failures:
                self.failures -= 1
                raise OperationalError("update", {}, Exception("database is locked"))
            return super().replace(portal_id, user_id, token)

    locked = Locked(here.tokens._engine, here.tokens._secret_box)
    with caplog.at_level(logging.ERROR):
        token = renewal_of(here, outside, tokens=locked, sleep=lambda _: None).renew(here.portal, REP, here.token)
    assert here.token == token
    assert caplog.text.count("token.not_stored") == 2
    assert token.access not in caplog.text


def test_a_renewal_that_outlives_the_application_stores_nothing(here, outside, monkeypatch):
    fetch = here.oauth.refresh

    def refresh(*args, **more):
        answer = fetch(*args, **more)
        here.tokens.drop_all(here.portal.id)  # ONAPPUNINSTALL, while the answer is on its way
        return answer

    monkeypatch.setattr(here.oauth, "refresh", refresh)
    outside.break_portal("expired_token", "profile")

    with pytest.raises(Refused) as refused:
        here.call()

    assert refused.value.code is ErrorCode.NO_AUTH
    assert here.tokens.users(here.portal.id) == []


def test_a_pair_that_somebody_renews_is_not_dropped_under_their_hands(here):
    pair = here.token
    assert here.tokens.lease(here.portal.id, REP, pair, now=1.0, until=20.0)
    here.tokens.drop(here.portal.id, REP, pair)
    assert here.token.access == pair.access


def test_without_a_refresh_token_an_expired_one_is_asked_of_nobody(here, outside):
    here.tokens.drop(here.portal.id, REP)
    here.tokens.put(here.portal.id, REP, Token("access", "", 0))
    outside.break_portal("expired_token", "profile")

    with pytest.raises(Refused) as refused:
        here.call()

    assert (refused.value.code, refused.value.status) == (ErrorCode.NO_AUTH, 401)
    assert outside.calls("portal") == {"profile": 1}


def test_an_answer_that_is_lost_on_the_way_is_written_down(here, outside, caplog):
    outside.break_portal("cut", "oauth:token")
    with caplog.at_level(logging.WARNING, logger="widget"), pytest.raises(Refused):
        renewal_of(here, outside).renew(here.portal, REP, here.token)
    assert "sent=True" in caplog.text
    assert renewed(here.metrics, "failed") == 1


def test_a_fresh_access_token_of_an_open_page_leaves_the_stored_refresh_token(widget, outside):
    """The page's own refresh token may have been used since it was opened."""
    services = widget.services
    page = widget.open().reveal()
    stored = services.storage.tokens.find(widget.portals[0], REP)
    newer = services.bitrix24.rest._renewal.renew(services.storage.portals.get(widget.portals[0]), REP, stored)
    fresh = outside.opening()["fields"]["AUTH_ID"]

    answer = page.client.post("/session", json={"auth": fresh}, headers={"X-Opening": page.opening_ticket})

    assert answer.status_code == 204
    now = services.storage.tokens.find(widget.portals[0], REP)
    assert (now.access, now.refresh) == (fresh, newer.refresh)


def test_two_first_openings_at_once_leave_one_pair(here):
    ready = threading.Barrier(8)

    def put(number: int) -> None:
        ready.wait(PATIENCE)
        here.tokens.put(here.portal.id, 77, Token(f"access{number}", f"refresh{number}", 0))

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = here.tokens.find(here.portal.id, 77)
    assert found.access.removeprefix("access") == found.refresh.removeprefix("refresh")


def test_a_pair_that_was_replaced_meanwhile_is_not_dropped(here):
    old = here.token
    here.tokens.put(here.portal.id, REP, Token("newer", "next", 0))
    here.tokens.drop(here.portal.id, REP, old)
    assert here.token.access == "newer"


# At rest, and in sight.


def test_no_token_is_in_the_database_as_it_is(here, widget):
    with widget.services.storage.engine.connect() as connection:
        rows = connection.execute(text("SELECT access, refresh FROM tokens")).all()
    assert rows
    assert not any(secret in str(rows) for secret in (here.token.access, here.token.refresh))


def test_a_token_shows_itself_in_no_text(here):
    shown = f"{here.token!r} {here.token} {[here.token]}"
    assert here.token.access not in shown and here.token.refresh not in shown and here.token.sealed not in shown


def test_no_token_is_ever_in_a_page(widget, outside):
    opening = outside.opening()
    page = widget.post_opening(opening)
    outside.break_portal("expired_token", "batch")
    shown = page.text + page.reveal().text + str(page.answer.headers) + page.check().text
    stored = widget.services.storage.tokens.find(widget.portals[0], REP)
    secrets = [opening["fields"]["AUTH_ID"], opening["fields"]["REFRESH_ID"], stored.access, stored.refresh]
    assert stored.access != opening["fields"]["AUTH_ID"]
    assert not [secret for secret in secrets if secret in shown]


def test_renewals_are_counted_for_the_operator(here, outside):
    outside.break_portal("expired_token", "profile")
    here.call()
    assert renewed(here.metrics, "renewed") == 1

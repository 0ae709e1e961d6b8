"""What Bitrix24's errors make us do: repeat, renew, say, forget or stop; and which authorisation
server is asked."""

import json
import re
import time

import httpx
import pytest

from sandbox.portal.errors import _KNOWN as SANDBOX_ERRORS
from tests.bitrix24.conftest import REP
from tests.stand import in_russian
from widget.bitrix24.errors import _MEANINGS, ErrorAction, blocked_until, known_code, reaction_to, refused
from widget.bitrix24.oauth import Home, OAuth, OwnApplication
from widget.bitrix24.pauses import BUSY_WAIT, MAX_WAITS
from widget.errors import ErrorCode, Refused
from widget.http import make_client
from widget.storage.portals import PortalState
from widget.storage.tokens import Token

# Each error with what follows from it.
TABLE = {
    "expired_token": (ErrorCode.NO_AUTH, ErrorAction.RENEW),
    "invalid_token": (ErrorCode.NO_AUTH, ErrorAction.FORGET),
    "NO_AUTH_FOUND": (ErrorCode.NO_AUTH, ErrorAction.FORGET),
    "INVALID_CREDENTIALS": (ErrorCode.NO_AUTH, ErrorAction.SAY),
    "insufficient_scope": (ErrorCode.PORTAL_SCOPE, ErrorAction.SAY),
    "user_access_error": (ErrorCode.NO_AUTH, ErrorAction.SAY),
    "APPLICATION_NOT_FOUND": (ErrorCode.PORTAL_CLOSED, ErrorAction.CLOSE),
    "authorization_error": (ErrorCode.NO_AUTH, ErrorAction.FORGET),
    "CONNECTION_ERROR": (ErrorCode.PORTAL_FAILED, ErrorAction.WAIT),
    "ACCESS_DENIED": (ErrorCode.PORTAL_DENIED, ErrorAction.SAY),
    "WRONG_AUTH_TYPE": (ErrorCode.BROKEN, ErrorAction.SAY),
    "INVALID_REQUEST": (ErrorCode.BROKEN, ErrorAction.SAY),
    "ERROR_ARGUMENT": (ErrorCode.BROKEN, ErrorAction.SAY),
    "ERROR_CORE": (ErrorCode.BROKEN, ErrorAction.SAY),
    "INVALID_ARG_VALUE": (ErrorCode.BROKEN, ErrorAction.SAY),
    "NOT_FOUND": (ErrorCode.BROKEN, ErrorAction.SAY),
    "100": (ErrorCode.BROKEN, ErrorAction.SAY),
    "ERROR_METHOD_NOT_FOUND": (ErrorCode.PORTAL_SCOPE, ErrorAction.SAY),
    "ERROR_BATCH_METHOD_NOT_ALLOWED": (ErrorCode.BROKEN, ErrorAction.SAY),
    "ERROR_BATCH_LENGTH_EXCEEDED": (ErrorCode.BROKEN, ErrorAction.SAY),
    "OPERATION_TIME_LIMIT": (ErrorCode.PORTAL_BUSY, ErrorAction.SAY),
    "QUERY_LIMIT_EXCEEDED": (ErrorCode.PORTAL_BUSY, ErrorAction.WAIT),
    "OVERLOAD_LIMIT": (ErrorCode.PORTAL_BLOCKED, ErrorAction.SAY),
    "INTERNAL_SERVER_ERROR": (ErrorCode.PORTAL_FAILED, ErrorAction.SAY),
    "ERROR_UNEXPECTED_ANSWER": (ErrorCode.PORTAL_FAILED, ErrorAction.SAY),
    "PORTAL_DELETED": (ErrorCode.PORTAL_CLOSED, ErrorAction.CLOSE),
    "METHOD_CONFIRM_WAITING": (ErrorCode.PORTAL_CONFIRM, ErrorAction.SAY),
    "METHOD_CONFIRM_DENIED": (ErrorCode.PORTAL_CONFIRM, ErrorAction.SAY),
    "PAYMENT_REQUIRED": (ErrorCode.PORTAL_UNPAID, ErrorAction.SAY),
    # The authorisation server's.
    "invalid_grant": (ErrorCode.NO_AUTH, ErrorAction.FORGET),
    "invalid_scope": (ErrorCode.PORTAL_SCOPE, ErrorAction.SAY),
    "invalid_client": (ErrorCode.PORTAL_FAILED, ErrorAction.SAY),
    "wrong_client": (ErrorCode.PORTAL_FAILED, ErrorAction.SAY),
    "NOT_INSTALLED": (ErrorCode.PORTAL_CLOSED, ErrorAction.CLOSE),
    "bad_verification_code": (ErrorCode.NO_AUTH, ErrorAction.FORGET),
}


class Says(httpx.MockTransport):
    """The portal gives the same answers to every call, one after another, then the last one for
    ever."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.calls = 0
        super().__init__(self._answer)

    def _answer(self, request):
        self.calls += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, str):
            answer = {"error": answer, "error_description": "…"}
        return httpx.Response(200 if "result" in answer else 403, json=answer)


@pytest.fixture
def says(sign_in):
    """says("CODE", …): a rep whose portal answers so."""

    def make(*answers):
        wire = Says(*answers)
        here = sign_in(transport=wire)
        here.wire = wire
        return here

    return make


def refusal(call) -> Refused:
    with pytest.raises(Refused) as refused_:
        call()
    return refused_.value


@pytest.mark.parametrize("code", TABLE)
def test_every_error_has_its_meaning_and_its_reaction_in_any_case(code):
    for spelled in (code, code.lower(), code.upper()):
        assert (refused(spelled).code, reaction_to(spelled)) == TABLE[code]
        assert known_code(spelled) == code.lower()


def test_the_table_is_whole():
    assert set(_MEANINGS) == {code.lower() for code in TABLE}


@pytest.mark.parametrize("code", ["", "Not found.", "something_new", "Клиент Иван не найден", "x" * 5000])
def test_what_nobody_knows_is_a_failure_that_may_pass_and_is_done_nothing_about(code):
    assert (refused(code).code, reaction_to(code), known_code(code)) == (
        ErrorCode.PORTAL_FAILED,
        ErrorAction.SAY,
        "other",
    )
    assert "Иван" not in refused(code).reason and len(refused(code).reason) <= 60


@pytest.mark.parametrize("code", [code for code, (_, reaction) in TABLE.items() if reaction is ErrorAction.SAY])
def test_what_repeating_does_not_help_is_asked_once_and_keeps_everything(says, code):
    here = says(code)
    before = here.token
    assert refusal(here.call).code is TABLE[code][0]
    assert (here.wire.calls, here.slept) == (1, [])
    assert here.token == before
    assert here.portals.get(here.portal.id).state is PortalState.ACTIVE


# Wait.


@pytest.mark.parametrize("code", ["QUERY_LIMIT_EXCEEDED", "CONNECTION_ERROR"])
def test_what_passes_is_waited_for_longer_each_time_and_never_for_long(says, code):
    here = says(code)
    assert refusal(here.call).code is TABLE[code][0]
    assert here.wire.calls == MAX_WAITS + 1
    assert here.slept == sorted(here.slept)
    assert here.slept[0] >= BUSY_WAIT
    assert sum(here.slept) < 12


@pytest.mark.parametrize("code", ["QUERY_LIMIT_EXCEEDED", "CONNECTION_ERROR"])
def test_what_passes_is_not_seen_once_it_has_passed(says, code):
    here = says(code, code, {"result": "at last"})
    assert here.call() == "at last"
    assert len(here.slept) == 2


def test_pauses_differ_so_that_cards_do_not_come_back_together(says):
    here = says("QUERY_LIMIT_EXCEEDED")
    for _ in range(5):
        refusal(here.call)
    firsts = here.slept[::MAX_WAITS]
    assert len(set(firsts)) == 5


def test_no_pause_is_begun_that_the_card_has_no_patience_for(says):
    here = says("QUERY_LIMIT_EXCEEDED")
    here.rest._exchanges._patience = 1.5
    assert refusal(here.call).code is ErrorCode.PORTAL_BUSY
    assert (here.wire.calls, here.slept) == (1, [])


@pytest.mark.parametrize(
    ("body", "until"),
    [
        ({"time": {"operating_reset_at": 1_800_000_300}}, 1_800_000_300),
        ({"time": {"operating_reset_at": "soon"}}, 0),
        ({"time": {"operating_reset_at": -1}}, 0),
        ({"time": {"operating_reset_at": 1e300}}, 0),
        ({"time": []}, 0),
        ({}, 0),
        ([], 0),
        (None, 0),
    ],
)
def test_when_a_used_up_method_comes_back_is_read_from_the_answer(body, until):
    assert blocked_until(body) == until


def test_a_used_up_method_says_when_and_is_not_waited_for(says, clock):
    here = says({"error": "OPERATION_TIME_LIMIT", "time": {"operating_reset_at": clock() + 300}})
    told = refusal(here.call)
    assert (told.code, told.until) == (ErrorCode.PORTAL_BUSY, clock() + 300)
    assert (here.wire.calls, here.slept) == (1, [])


def test_a_card_says_in_how_many_minutes_a_used_up_method_comes_back(widget, outside, clock):
    text = (
        "The application has used up the time that Bitrix24 grants it. Try again in %(minutes)s min; nothing is lost."
    )
    clock.now = time.time()
    for lang, expected in (("en", text % {"minutes": 5}), ("ru", in_russian(text, minutes=5))):
        outside.break_portal("OPERATION_TIME_LIMIT", "batch", seconds=290)
        assert expected in widget.open(lang=lang).reveal().words


# Forget.


@pytest.mark.parametrize("code", ["invalid_token", "NO_AUTH_FOUND", "authorization_error"])
def test_a_revoked_token_is_forgotten_and_nobody_else_s(says, code):
    here = says(code)
    here.tokens.put(here.portal.id, 1, Token("other", "others", 0))
    assert refusal(here.call).code is ErrorCode.NO_AUTH
    assert here.tokens.find(here.portal.id, REP) is None
    assert here.tokens.find(here.portal.id, 1)
    assert here.portals.get(here.portal.id).state is PortalState.ACTIVE
    refusal(here.call)
    assert here.wire.calls == 1


def test_a_token_that_somebody_renewed_meanwhile_is_not_forgotten_but_used(says):
    here = says("invalid_token", {"result": "with the new one"})
    inner = here.wire.handler

    def renew_first(request):
        if here.wire.calls == 0:
            here.tokens.put(here.portal.id, REP, Token("newer", "next", 0))
        else:
            assert json.loads(request.content)["auth"] == "newer"
        return inner(request)

    here.wire.handler = renew_first
    assert here.call() == "with the new one"
    assert here.token.access == "newer"


def test_a_new_opening_gives_a_forgotten_user_a_token_again(widget, outside):
    page = widget.open()
    outside.break_portal("authorization_error" if "authorization_error" in SANDBOX_ERRORS else "invalid_token", "batch")
    assert page.reveal().refusal == "no_auth"
    assert len(widget.open().reveal().rows) == 6


# Close.


@pytest.mark.parametrize("code", ["APPLICATION_NOT_FOUND", "PORTAL_DELETED"])
def test_a_portal_that_is_gone_is_closed_and_never_called_again(says, code):
    here = says(code)
    here.tokens.put(here.portal.id, 1, Token("other", "others", 0))
    assert refusal(here.call).code is ErrorCode.PORTAL_CLOSED
    portal = here.portals.get(here.portal.id)
    assert (portal.state, portal.closed_reason) == (PortalState.CLOSED, code.lower())
    assert here.tokens.users(portal.id) == []
    assert refusal(lambda: here.rest.call(portal, REP, "profile", {})).code is ErrorCode.PORTAL_CLOSED
    assert here.wire.calls == 1


def test_an_application_that_the_authorisation_server_does_not_know_there_closes_the_portal(
    sign_in, outside, monkeypatch
):
    here = sign_in()
    outside.break_portal("expired_token", "profile")
    monkeypatch.setattr(here.oauth, "refresh", lambda *a, **k: (_ for _ in ()).throw(refused("NOT_INSTALLED")))
    assert refusal(here.call).code is ErrorCode.PORTAL_CLOSED
    assert here.portals.get(here.portal.id).state is PortalState.CLOSED


@pytest.mark.parametrize("code", ["PAYMENT_REQUIRED", "ACCESS_DENIED"])
def test_an_unpaid_portal_has_its_own_page_and_loses_nothing(widget, outside, code):
    page = widget.open()
    outside.break_portal(code, "batch", times=None)
    shown = page.reveal()
    assert shown.refusal == ("portal_unpaid" if code == "PAYMENT_REQUIRED" else "portal_plan")
    assert re.findall('data-action="([^"]+)"', shown.text) == ["retry"]
    services = widget.services
    assert services.storage.portals.get(widget.portals[0]).state is PortalState.ACTIVE
    assert services.storage.tokens.users(widget.portals[0]) == [REP]
    outside.heal()  # an administrator paid: the same page goes on
    assert len(page.reveal().rows) == 6


def test_a_closed_portal_opens_again_with_the_next_verified_opening(widget, outside):
    page = widget.open()
    outside.break_portal("APPLICATION_NOT_FOUND", "batch")
    assert page.reveal().refusal == "portal_closed"
    closed = widget.services.storage.portals.get(widget.portals[0])
    assert (closed.state, widget.services.storage.tokens.users(closed.id)) == (PortalState.CLOSED, [])
    before = outside.calls("portal")["oauth:app.info"]

    assert len(widget.open().reveal().rows) == 6

    assert outside.calls("portal")["oauth:app.info"] == before + 1
    assert widget.services.storage.portals.get(widget.portals[0]).state is PortalState.ACTIVE


def test_what_was_proved_before_a_portal_closed_does_not_open_it_again(widget, outside):
    page = widget.open()
    outside.break_portal("APPLICATION_NOT_FOUND", "batch")
    page.reveal()
    outside.break_portal("invalid_token", "oauth:app.info", times=None)
    assert page.reveal().refusal == "no_auth"
    assert widget.services.storage.portals.get(widget.portals[0]).state is PortalState.CLOSED


def test_an_open_page_of_a_closed_portal_says_so_without_a_call(widget, outside):
    page = widget.open().reveal()
    widget.services.storage.portals.close(widget.portals[0], "portal_deleted")
    calls = outside.calls("portal")
    assert page.post("/card/again", {"version": "x", "line": None}).refusal == "portal_closed"
    assert outside.calls("portal") == calls


def test_a_removed_application_is_not_opened_by_any_card(widget, outside):
    widget.services.storage.portals.mark_removed(widget.portals[0])
    page = widget.open()
    assert page.refusal == "portal_closed"
    assert outside.total("portal") == 0


# A rename with an expired token.


def test_a_rename_is_verified_with_a_renewed_token_when_the_old_one_has_expired(sign_in, outside):
    here = sign_in()
    before = here.token
    here.portals.move(here.portal.id, domain="old.example", endpoint=f"{outside.portal}/old/rest/")
    moved = Says({"result": "here"})
    redirect = httpx.MockTransport(lambda request: httpx.Response(302, headers={"Location": "http://evil.example/"}))
    here.rest._exchanges._clients = iter([make_client(transport=redirect), make_client(transport=moved)])
    outside.break_portal("expired_token", "oauth:app.info")
    assert here.rest.call(here.portals.get(here.portal.id), REP, "profile", {}) == "here"
    assert here.portals.get(here.portal.id).endpoint == f"{outside.portal}/rest/"
    assert outside.calls("portal") == {"oauth:app.info": 2, "oauth:token": 1}
    assert here.token != before


# Counted.


def test_errors_are_counted_by_code_and_sentences_are_not_labels(says):
    here = says("QUERY_LIMIT_EXCEEDED", "Клиент не найден")
    refusal(here.call)
    count = here.metrics.registry.get_sample_value
    assert count("widget_portal_errors_total", {"code": "query_limit_exceeded"}) == 1
    assert count("widget_portal_errors_total", {"code": "other"}) == 1


# Two authorisation servers.

WEST, EAST = "https://oauth.bitrix.info", "https://oauth.bitrix24.tech"


@pytest.fixture
def asked():
    return []


@pytest.fixture
def servers(asked, clock):
    """Both authorisation servers; `answers` says who is dead or does not know us."""
    answers = {}

    def answer(request):
        asked.append(f"https://{request.url.host}")
        told = answers.get(asked[-1], {"access_token": "new", "refresh_token": "next"})
        if isinstance(told, Exception):
            raise told
        return httpx.Response(200, json=told)

    client = make_client(transport=httpx.MockTransport(answer))
    oauth = OAuth(client, (WEST, EAST), OwnApplication("id", "secret"), allow_http=False, timeout=60, clock=clock)
    oauth.answers = answers
    return oauth


@pytest.mark.parametrize(
    "domain", ["a.bitrix24.ru", "a.bitrix24.kz", "b24.example.by", "a.bitrix24.uz:443", "A.BITRIX24.RU"]
)
def test_an_eastern_portal_is_asked_about_in_the_east_first(servers, asked, domain):
    assert servers.refresh("old", home=Home(domain)).auth_server == EAST
    assert asked == [EAST]


@pytest.mark.parametrize(
    "domain", ["a.bitrix24.com", "a.bitrix24.de", "ru.example.com", "127.0.0.1:8001", "", "[broken"]
)
def test_any_other_portal_is_asked_about_in_the_west_first(servers, asked, domain):
    assert servers.refresh("old", home=Home(domain)).auth_server == WEST
    assert asked == [WEST]


@pytest.mark.parametrize("stored", [EAST, f"{EAST}/", f"{EAST}/rest/"])
def test_the_server_that_answered_before_comes_first_wherever_the_portal_is(servers, asked, stored):
    servers.refresh("old", home=Home("a.bitrix24.com", stored))
    assert asked == [EAST]


@pytest.mark.parametrize(
    "stored", ["https://evil.example", f"{WEST}.evil.example/rest/", f"{EAST}@evil.example", "//x"]
)
def test_a_stored_server_that_is_not_on_the_list_is_never_asked(servers, asked, stored):
    servers.answers.update({WEST: {"error": "invalid_client"}, EAST: {"error": "invalid_client"}})
    refusal(lambda: servers.refresh("old", home=Home("a.bitrix24.com", stored)))
    assert asked == [WEST, EAST]


@pytest.mark.parametrize(
    "trouble", [httpx.ConnectError("dead"), {"error": "invalid_client"}, {"error": "WRONG_CLIENT"}]
)
def test_the_other_server_is_asked_once_and_named_when_the_first_does_not_answer_for_us(servers, asked, trouble):
    servers.answers[EAST] = trouble
    assert servers.refresh("old", home=Home("a.bitrix24.ru")).auth_server == WEST
    assert asked == [EAST, WEST]


def test_the_answer_of_the_server_that_answered_before_is_final_whatever_it_says(servers, asked):
    servers.answers[EAST] = {"error": "invalid_grant"}
    refusal(lambda: servers.refresh("old", home=Home("a.bitrix24.ru", EAST)))
    assert asked == [EAST]


def test_which_server_answered_is_remembered_with_the_portal(widget, outside):
    assert widget.services.storage.portals.get(widget.portals[0]).auth_server == ""
    widget.open().reveal()
    assert widget.services.storage.portals.get(widget.portals[0]).auth_server == f"{outside.portal}/oauth"


# Meanings that only words tell apart.


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("ACCESS_DENIED", ErrorCode.PORTAL_PLAN),
        ("ACCESS_DENIED plan", ErrorCode.PORTAL_PLAN),
        ("ACCESS_DENIED user", ErrorCode.NO_AUTH),
        ("ACCESS_DENIED admins", ErrorCode.NOT_ADMIN),
        ("ACCESS_DENIED here", ErrorCode.PORTAL_DENIED),
    ],
)
def test_access_denied_is_read_by_its_words_in_a_batch_too(sign_in, outside, fault, expected):
    here = sign_in()
    before = here.token
    outside.break_portal(fault, "profile")
    assert refusal(here.call).code is expected
    outside.break_portal(fault, "batch:profile")
    answer = here.rest.batch(here.portal, REP, {"me": ("profile", {})})
    assert answer.refused("me").code is expected
    assert here.token == before


def test_a_method_that_is_blocked_inside_a_batch_says_until_when(widget, outside):
    page = widget.open(lang="en")
    outside.break_portal("OPERATION_TIME_LIMIT", "batch:crm.item.get", seconds=290)
    answer = page.reveal()
    assert answer.refusal == "portal_busy"
    assert re.search(r"Try again in \d+ min", answer.words)

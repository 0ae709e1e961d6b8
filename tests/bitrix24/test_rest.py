import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl

import httpx
import pytest

from sandbox.portal.php import parse_str
from tests.bitrix24.conftest import LEASE, REP
from tests.stand import PATIENCE
from widget.bitrix24.errors import refused
from widget.bitrix24.pauses import BUSY_WAIT, LONGER_BY, MAX_WAITS
from widget.bitrix24.rest import flatten
from widget.errors import ErrorCode, Refused
from widget.http import make_client


@pytest.fixture
def here(sign_in):
    return sign_in()


class Wire(httpx.BaseTransport):
    """A real connection that keeps every request, and does something before an answer is handed
    on."""

    def __init__(self, after=lambda request, response: None):
        self._inner = httpx.HTTPTransport()
        self._after = after
        self.requests: list[httpx.Request] = []

    def handle_request(self, request):
        self.requests.append(request)
        response = self._inner.handle_request(request)
        response.read()
        self._after(request, response)
        return response

    def close(self):
        self._inner.close()


class Scripted(httpx.MockTransport):
    """Answers in turn; keeps the requests."""

    def __init__(self, *answers):
        self.requests: list[httpx.Request] = []
        self._cache = iter(answers)
        super().__init__(self._answer)

    def _answer(self, request):
        self.requests.append(request)
        answer = next(self._cache)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)


def refusal(call):
    with pytest.raises(Refused) as refused_:
        call()
    return refused_.value.code


def test_a_call_is_made_as_the_user_at_the_stored_address(here):
    assert here.call()["ID"] == str(REP)


def test_a_user_without_a_stored_token_is_refused_and_nothing_is_called(here, outside):
    assert refusal(lambda: here.rest.call(here.portal, 99, "profile", {})) is ErrorCode.NO_AUTH
    assert outside.total("portal") == 0


def test_a_token_of_one_portal_is_worth_nothing_at_another(sign_in):
    first, second = sign_in(), sign_in(portal=2)
    first.tokens.put(second.portal.id, REP, first.token)
    assert refusal(second.call) is ErrorCode.NO_AUTH


# An expired token.


def test_an_expired_token_is_renewed_once_and_the_call_repeated(here, outside):
    before = here.token
    outside.break_portal("expired_token", "profile")
    assert here.call()["ID"] == str(REP)
    assert outside.calls("portal") == {"profile": 2, "oauth:token": 1}
    assert here.token.access != before.access
    assert here.token.refresh != before.refresh


def test_a_renewed_token_is_stored_before_it_is_used(sign_in, outside):
    stored_when_used = []

    def look(request, response):
        used = json.loads(request.content)["auth"]
        stored_when_used.append((used, here.token.access, here.token.refresh))

    here = sign_in(transport=Wire(after=look))
    first = here.token
    outside.break_portal("expired_token", "profile")
    here.call()
    (used_first, *_), (used, stored, refresh) = stored_when_used
    assert used_first == first.access
    assert used == stored != first.access
    assert refresh != first.refresh


def test_a_token_that_stays_expired_is_renewed_only_once(here, outside):
    outside.break_portal("expired_token", "profile", times=None)
    assert refusal(here.call) is ErrorCode.NO_AUTH
    assert outside.calls("portal") == {"profile": 2, "oauth:token": 1}


def test_a_token_that_another_worker_is_renewing_is_taken_from_the_store(sign_in, outside):
    """Its refresh token is dead by then; the new one is stored a moment later."""
    here, other = sign_in(await_renewal=lambda _: other.tokens.put(here.portal.id, REP, renewed)), sign_in()
    outside.break_portal("expired_token", "profile")
    expired, now = here.token, time.time()
    assert other.tokens.lease(here.portal.id, REP, expired, now=now, until=now + LEASE)
    renewed = other.oauth.refresh(expired.refresh).token
    assert here.call()["ID"] == str(REP)
    assert (here.token.access, here.token.refresh) == (renewed.access, renewed.refresh)
    assert outside.calls("portal") == {"profile": 2, "oauth:token": 1}


@pytest.mark.parametrize("fault", ["http_500", "html", "PAYMENT_REQUIRED"])
def test_a_refresh_that_fails_leaves_the_stored_token(here, outside, fault):
    before = here.token
    outside.break_portal("expired_token", "profile")
    outside.break_portal(fault, "oauth:token", times=None)
    assert refusal(here.call) in (ErrorCode.PORTAL_FAILED, ErrorCode.PORTAL_UNPAID)
    assert here.token == before
    outside.heal()
    outside.break_portal("expired_token", "profile")
    assert here.call()["ID"] == str(REP)


@pytest.mark.parametrize("processes", [1, 2])
def test_twenty_calls_with_one_expired_token_all_succeed_and_it_is_renewed_once(sign_in, outside, processes):
    together = threading.Barrier(20)
    first_time = threading.local()

    def wait_for_the_others(request, response):
        if not hasattr(first_time, "over"):
            first_time.over = True
            together.wait(PATIENCE)

    first_time.over = True  # for this thread, which calls when all is over
    workers = [sign_in(transport=Wire(after=wait_for_the_others), sleep=time.sleep) for _ in range(processes)]
    outside.break_portal("expired_token", "profile", times=20)
    with ThreadPoolExecutor(20) as pool:
        calls = [pool.submit(workers[n % processes].call) for n in range(20)]
        assert {call.result()["ID"] for call in calls} == {str(REP)}
    assert outside.calls("portal")["profile"] == 40
    assert outside.calls("portal")["oauth:token"] == 1
    first_time.over = True
    assert workers[0].call()["ID"] == str(REP)


# A busy portal.


def test_a_full_bucket_is_waited_for(here, outside):
    outside.break_portal("QUERY_LIMIT_EXCEEDED", "profile")
    assert here.call()["ID"] == str(REP)
    (pause,) = here.slept
    assert BUSY_WAIT <= pause <= BUSY_WAIT + LONGER_BY


def test_a_bucket_that_stays_full_is_told_as_busy(here, outside):
    outside.break_portal("QUERY_LIMIT_EXCEEDED", "profile", times=None)
    assert refusal(here.call) is ErrorCode.PORTAL_BUSY
    assert len(here.slept) == MAX_WAITS
    assert outside.calls("portal") == {"profile": MAX_WAITS + 1}


def test_a_method_over_its_time_budget_is_told_as_busy_at_once(here, outside):
    outside.break_portal("OPERATION_TIME_LIMIT", "profile", times=None)
    assert refusal(here.call) is ErrorCode.PORTAL_BUSY
    assert here.slept == []
    assert outside.calls("portal") == {"profile": 1}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("invalid_token", ErrorCode.NO_AUTH),
        ("user_access_error", ErrorCode.NO_AUTH),
        ("ACCESS_DENIED", ErrorCode.PORTAL_PLAN),
        ("insufficient_scope", ErrorCode.PORTAL_SCOPE),
        ("APPLICATION_NOT_FOUND", ErrorCode.PORTAL_CLOSED),
        ("PORTAL_DELETED", ErrorCode.PORTAL_CLOSED),
        ("http_500", ErrorCode.PORTAL_FAILED),
        ("html", ErrorCode.PORTAL_FAILED),
        ("empty", ErrorCode.PORTAL_FAILED),
        ("cut", ErrorCode.PORTAL_FAILED),
    ],
)
def test_what_goes_wrong_at_the_portal_is_told_by_its_kind_and_not_repeated(here, outside, fault, expected):
    outside.break_portal(fault, "profile", times=None)
    assert refusal(here.call) is expected
    assert outside.calls("portal") == {"profile": 1}


def test_a_silent_portal_is_given_up_in_time(here, outside):
    outside.break_portal("silence", "profile")
    assert refusal(here.call) is ErrorCode.PORTAL_FAILED


@pytest.mark.parametrize(
    "code",
    [
        "ACCESS_DENIED",
        "INVALID_CREDENTIALS",
        "NO_AUTH_FOUND",
        "OPERATION_TIME_LIMIT",
        "OVERLOAD_LIMIT",
        "PORTAL_DELETED",
        "QUERY_LIMIT_EXCEEDED",
        "expired_token",
        "insufficient_scope",
    ],
)
def test_every_recorded_error_has_a_refusal_of_its_own_in_any_case(recorded, code):
    error = recorded(f"error.{code}.json")["error"]
    assert refused(error).code is not ErrorCode.PORTAL_FAILED
    assert refused(error.lower()).code is refused(error.upper()).code is refused(error).code


def test_an_error_that_nobody_knows_is_a_failure_that_may_pass(recorded):
    assert refused(recorded("error.ERROR_HANDLER_ALREADY_EXIST.json")["error"]).code is ErrorCode.PORTAL_FAILED
    assert len(refused("x" * 5000).reason) < 100


# A portal that was renamed.


def test_a_redirect_is_never_followed_blindly(sign_in, outside):
    """It leads nowhere that the authorisation server did not name, and no token goes there."""
    wire = Wire()
    here = sign_in(transport=wire)
    outside.break_portal("redirect", "profile", times=None, detail="http://evil.example")
    assert refusal(here.call) is ErrorCode.PORTAL_MOVED
    assert {request.url.host for request in wire.requests} == {"127.0.0.1"}
    assert here.portals.get(here.portal.id).endpoint == here.portal.endpoint


def test_a_renamed_portal_is_called_where_the_authorisation_server_says_it_lives_now(here, outside):
    here.portals.move(here.portal.id, domain="old.example", endpoint=f"{outside.portal}/old/rest/")
    old = here.portals.get(here.portal.id)
    moved = Scripted(httpx.Response(302, headers={"Location": "http://evil.example/"}), {"result": "here"})
    here.rest._exchanges._clients = iter([make_client(transport=moved)] * 2)
    assert here.rest.call(old, REP, "profile", {"a": 1}) == "here"
    assert [str(request.url) for request in moved.requests] == [
        f"{outside.portal}/old/rest/profile",
        f"{outside.portal}/rest/profile",
    ]
    assert [request.method for request in moved.requests] == ["POST", "POST"]
    assert json.loads(moved.requests[1].content) == {"a": 1, "auth": here.token.access}
    assert here.portals.get(here.portal.id).endpoint == f"{outside.portal}/rest/"


# Batches.


def test_a_batch_gives_answers_and_errors_by_our_keys(here):
    answer = here.rest.batch(
        here.portal,
        REP,
        {
            "item": ("crm.item.get", {"entityTypeId": 2, "id": 7045}),
            "people": ("crm.item.list", {"entityTypeId": 3, "filter": {"=id": "$result[item][item][contactIds]"}}),
            "gone": ("crm.item.get", {"entityTypeId": 2, "id": 999}),
        },
    )
    assert answer.results["item"]["item"]["id"] == 7045
    assert [person["id"] for person in answer.results["people"]["items"]] == [42, 43]
    assert answer.errors == {"gone": "NOT_FOUND"}


@pytest.mark.parametrize("empty", [[], {}, None])
def test_an_empty_map_may_come_as_a_list(sign_in, empty):
    here = sign_in(transport=Scripted({"result": {"result": empty, "result_error": empty}}))
    answer = here.rest.batch(here.portal, REP, {"me": ("profile", {})})
    assert (answer.results, answer.errors) == ({}, {})


@pytest.mark.parametrize("result", [[], None, "text", 5, True])
def test_a_batch_that_is_no_batch_is_a_failure(sign_in, result):
    here = sign_in(transport=Scripted({"result": result}))
    assert refusal(lambda: here.rest.batch(here.portal, REP, {"me": ("profile", {})})) is ErrorCode.PORTAL_FAILED


@pytest.mark.parametrize("body", ["[]", "null", '"text"', "5", '{"time": {}}', "[" * 100_000])
def test_json_that_is_no_answer_is_a_failure(sign_in, body):
    here = sign_in(transport=Scripted(httpx.Response(200, text=body)))
    assert refusal(here.call) is ErrorCode.PORTAL_FAILED


def test_an_error_inside_a_batch_may_be_a_bare_text(sign_in):
    here = sign_in(
        transport=Scripted({"result": {"result": [], "result_error": {"a": "Not found.", "b": {"error": ""}}}})
    )
    answer = here.rest.batch(here.portal, REP, {"a": ("profile", {})})
    assert answer.errors == {"a": "Not found.", "b": ""}


@pytest.mark.parametrize(
    "name", ["batch.response.json", "batch.response.fixture.json", "batch.error.halt0.json", "batch.error.halt1.json"]
)
def test_every_recorded_batch_is_read(sign_in, recorded, name):
    body = recorded(name)
    here = sign_in(transport=Scripted(body))
    answer = here.rest.batch(here.portal, REP, {"a": ("profile", {})})
    inside = body["result"]
    assert set(answer.results) == set(inside["result"] or {})
    assert set(answer.errors) == set(inside["result_error"] or {})


def test_the_command_of_a_batch_is_what_php_reads_back(sign_in):
    wire = Scripted({"result": {"result": [], "result_error": []}})
    here = sign_in(transport=wire)
    filter_ = {"=id": "$result[item][item][contactIds]"}
    here.rest.batch(
        here.portal, REP, {"list": ("crm.item.list", {"entityTypeId": 3, "filter": filter_, "select": ["*"]})}
    )
    body = json.loads(wire.requests[0].content)
    method, _, query = body["cmd"]["list"].partition("?")
    assert body["halt"] == 0
    assert method == "crm.item.list"
    assert "%3Did" in query  # a bare = would end the name
    assert parse_str(query) == {"entityTypeId": "3", "filter": filter_, "select": ["*"]}


def test_values_are_encoded_once_and_survive_every_special_character():
    nasty = "a&b=c#d+e %41 [x] é$result"
    flat = dict(flatten({"filter": {"title": nasty}, "list": [[1, 2], "x"], "none": {}}))
    assert flat == {"filter[title]": nasty, "list[0][0]": "1", "list[0][1]": "2", "list[1]": "x"}


# What others may see of it.


def test_the_token_goes_in_the_body_and_never_in_an_address(sign_in):
    wire = Wire()
    here = sign_in(transport=wire)
    here.call()
    (request,) = wire.requests
    assert json.loads(request.content)["auth"] == here.token.access
    assert here.token.access not in f"{request.url} {request.headers}"


def test_a_web_server_that_keeps_the_authorization_header_to_itself_changes_nothing(here, outside):
    outside.http.post(f"{outside.portal}/_sandbox/portals/1", json={"quirks": {"drops_header": True}})
    assert here.call()["ID"] == str(REP)


def test_no_token_reaches_a_log_whatever_happens(here, outside, caplog):
    secrets = {here.token.access, here.token.refresh}
    with caplog.at_level(logging.DEBUG, logger="widget"), caplog.at_level(logging.INFO):
        for fault in ("expired_token", "QUERY_LIMIT_EXCEEDED", "html", "cut", "http_500", "redirect", "silence"):
            outside.heal()
            outside.break_portal(fault, "profile", times=1)
            try:
                here.call()
            except Refused as error:
                logging.getLogger("widget").exception("refused", exc_info=error)
            secrets |= {here.token.access, here.token.refresh}
    records = [record for record in caplog.records if record.name != "werkzeug"]  # that is the sandbox's
    ours = "\n".join(f"{caplog.handler.format(record)} {record.__dict__}" for record in records)
    assert len(secrets) > 2
    assert "bitrix24.called method=profile" in ours
    assert not [secret for secret in (*secrets, "sandbox-client-secret") if secret in ours]


def test_flat_parameters_are_read_back_by_any_form_parser():
    flat = list(flatten({"entityTypeId": 2, "filter": {"=id": 3}}))
    assert flat == [("entityTypeId", "2"), ("filter[=id]", "3")]
    assert parse_qsl("entityTypeId=2&filter%5B%3Did%5D=3") == flat

import json
from urllib.parse import parse_qs

import httpx
import pytest

from widget.bitrix24.oauth import PROOF_SECONDS, Home, OAuth, OwnApplication
from widget.errors import ErrorCode, Refused
from widget.http import make_client

FIRST, SECOND = "https://oauth.bitrix.info", "https://oauth.bitrix24.tech"
SECRET = "our-client-secret"
OURS, MEMBER = "local.ours", "m1"


def proof(**changes):
    install = {
        "member_id": MEMBER,
        "domain": "Example.Bitrix24.com",
        "client_endpoint": "https://example.bitrix24.com/rest/",
    }
    result = {"client_id": OURS, "user_id": "7", **changes}
    given = changes.get("install", {})
    result["install"] = {**install, **given} if isinstance(given, dict) else given
    return {"result": result}


class Servers:
    """Both authorisation servers; each answers what it was told to, and every request is kept."""

    def __init__(self):
        self.answers = {}
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[request.url.host]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(400 if "error" in answer else 200, json=answer)

    @property
    def asked(self) -> list[str]:
        return [request.url.host for request in self.requests]


@pytest.fixture
def servers():
    return Servers()


@pytest.fixture
def make_oauth(servers, clock):
    def make(allow_http=False):
        client = make_client(transport=httpx.MockTransport(servers))
        return OAuth(
            client, (FIRST, SECOND), OwnApplication(OURS, SECRET), allow_http=allow_http, timeout=60, clock=clock
        )

    return make


@pytest.fixture
def oauth(make_oauth):
    return make_oauth()


def says(servers, first, second=None):
    servers.answers = {"oauth.bitrix.info": first, "oauth.bitrix24.tech": second}


def refusal(call):
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.code


def test_a_proved_token_says_who_it_is_and_where_the_portal_lives(oauth, servers):
    says(servers, proof())
    identity = oauth.prove("token", member_id=MEMBER)
    assert (identity.user_id, identity.domain) == (7, "example.bitrix24.com")
    assert identity.endpoint == "https://example.bitrix24.com/rest/"
    assert servers.asked == ["oauth.bitrix.info"]


def test_the_recorded_proof_is_understood(oauth, servers, recorded):
    answer = recorded("oauth.app.info.response.json")
    says(servers, answer)
    assert refusal(lambda: oauth.prove("token", member_id="123456")) is ErrorCode.NO_AUTH  # another application's
    answer["result"]["client_id"] = OURS
    assert oauth.prove("other", member_id="123456").user_id == 12345


@pytest.mark.parametrize(
    "answer",
    [
        proof(client_id="local.other"),
        proof(client_id=None),
        proof(install={"member_id": "m2"}),
        proof(install={"member_id": None}),
    ],
)
def test_a_token_of_another_application_or_portal_proves_nothing(oauth, servers, answer):
    says(servers, answer)
    assert refusal(lambda: oauth.prove("token", member_id=MEMBER)) is ErrorCode.NO_AUTH


def test_a_proof_for_one_portal_is_none_for_another_one(oauth, servers):
    says(servers, proof())
    oauth.prove("token", member_id=MEMBER)
    assert refusal(lambda: oauth.prove("token", member_id="m2")) is ErrorCode.NO_AUTH


@pytest.mark.parametrize(
    "answer",
    [
        proof(user_id="seven"),
        proof(user_id=None),
        proof(user_id=[7]),
        proof(install=None),
        proof(install="m1"),
        proof(install=["m1"]),
        proof(install={"client_endpoint": "ftp://example/"}),
        proof(install={"client_endpoint": None}),
        proof(install={"client_endpoint": "https://[broken"}),
        {"result": {}},
    ],
)
def test_a_proof_that_cannot_be_read_proves_nothing(oauth, servers, answer):
    says(servers, answer)
    assert refusal(lambda: oauth.prove("token", member_id=MEMBER)) is ErrorCode.NO_AUTH


@pytest.mark.parametrize("number", ["Infinity", "NaN", "1e999"])
def test_a_user_who_is_no_number_proves_nothing(oauth, servers, number):
    text = json.dumps(proof()).replace('"7"', number)
    says(servers, httpx.Response(200, text=text))
    assert refusal(lambda: oauth.prove("token", member_id=MEMBER)) is ErrorCode.NO_AUTH


GARBAGE = {
    "html": httpx.Response(200, text="<html>Welcome to nginx!</html>"),
    "html 502": httpx.Response(502, text="<html>Bad Gateway</html>"),
    "empty": httpx.Response(200, text=""),
    "cut": httpx.Response(200, text='{"result": {"client_id": '),
    "list": httpx.Response(200, json=[]),
    "null": httpx.Response(200, json=None),
    "text": httpx.Response(200, json="ok"),
    "no result": httpx.Response(200, json={"hello": 1}),
    "empty map": httpx.Response(200, json={"result": []}),
    "deep": httpx.Response(200, text="[" * 100_000),
    "redirect": httpx.Response(302, headers={"Location": "https://evil.example/"}),
}


@pytest.mark.parametrize("answer", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_a_failure_that_may_pass_and_nobody_else_is_asked(oauth, servers, answer):
    says(servers, answer, proof())
    assert refusal(lambda: oauth.prove("token", member_id=MEMBER)) is ErrorCode.PORTAL_FAILED
    assert refusal(lambda: oauth.refresh("old")) is ErrorCode.PORTAL_FAILED
    assert set(servers.asked) == {"oauth.bitrix.info"}


@pytest.mark.parametrize(
    "code", ["expired_token", "EXPIRED_TOKEN", "invalid_token", "NO_AUTH_FOUND", "invalid_grant", "invalid_client"]
)
def test_a_token_that_one_server_does_not_know_may_be_the_other_ones(oauth, servers, code):
    says(servers, {"error": code}, proof())
    assert oauth.prove("token", member_id=MEMBER).auth_server == SECOND
    assert servers.asked == ["oauth.bitrix.info", "oauth.bitrix24.tech"]


@pytest.mark.parametrize("code", ["expired_token", "invalid_token", "NO_AUTH_FOUND", "invalid_grant"])
def test_the_word_of_the_server_that_knew_the_portal_before_is_final(oauth, servers, code):
    says(servers, {"error": code}, proof())
    home = Home(auth_server=FIRST)
    assert refusal(lambda: oauth.prove("token", member_id=MEMBER, home=home)) is ErrorCode.NO_AUTH
    assert servers.asked == ["oauth.bitrix.info"]


@pytest.mark.parametrize(("first", "second"), [("invalid_token", "expired_token"), ("expired_token", "invalid_token")])
def test_when_neither_knows_a_token_the_one_that_saw_it_expire_is_believed(oauth, servers, first, second):
    says(servers, {"error": first}, {"error": second})
    with pytest.raises(Refused) as refused:
        oauth.prove("token", member_id=MEMBER)
    assert refused.value.reason == "expired_token"


def test_a_token_is_not_called_unknown_while_the_server_that_may_know_it_is_out_of_reach(oauth, servers):
    says(servers, {"error": "invalid_token"}, httpx.ConnectError("dead"))
    assert refusal(lambda: oauth.prove("token", member_id=MEMBER)) is ErrorCode.PORTAL_FAILED


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        (f"{SECOND}/rest/", "oauth.bitrix24.tech"),
        (SECOND, "oauth.bitrix24.tech"),
        (f"{FIRST}/rest/", "oauth.bitrix.info"),
        ("https://oauth.bitrix24.tech.evil.example/rest/", "oauth.bitrix.info"),
        ("https://evil.example/", "oauth.bitrix.info"),
        ("", "oauth.bitrix.info"),
    ],
)
def test_the_server_that_a_form_names_is_asked_first_if_it_is_an_allowed_one(oauth, servers, told, asked):
    says(servers, proof(), proof())
    oauth.prove("token", member_id=MEMBER, home=Home("a.bitrix24.com", hint=told))
    assert servers.asked == [asked]


@pytest.mark.parametrize("endpoint", ["http://example.bitrix24.com/rest/", "HTTP://example.bitrix24.com/rest/"])
def test_a_portal_without_https_is_refused_unless_the_operator_allows_it(make_oauth, servers, endpoint):
    says(servers, proof(install={"client_endpoint": endpoint}))
    assert refusal(lambda: make_oauth().prove("token", member_id=MEMBER)) is ErrorCode.NO_AUTH
    assert make_oauth(allow_http=True).prove("token", member_id=MEMBER).endpoint == endpoint.lower()


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_other_server_is_asked_when_the_first_is_out_of_reach(oauth, servers, trouble):
    says(servers, trouble, proof())
    assert oauth.prove("token", member_id=MEMBER).user_id == 7
    assert servers.asked == ["oauth.bitrix.info", "oauth.bitrix24.tech"]


@pytest.mark.parametrize("code", ["invalid_client", "wrong_client"])
def test_the_other_server_is_asked_when_the_first_does_not_know_our_application(oauth, servers, code):
    says(servers, {"error": code}, {"access_token": "new", "refresh_token": "next", "expires_in": 3600})
    assert oauth.refresh("old").token.access == "new"
    assert servers.asked == ["oauth.bitrix.info", "oauth.bitrix24.tech"]


def test_two_servers_out_of_reach_are_a_failure_that_may_pass(oauth, servers):
    says(servers, httpx.ConnectError("refused"), httpx.ReadTimeout("slow"))
    assert refusal(lambda: oauth.prove("token", member_id=MEMBER)) is ErrorCode.PORTAL_FAILED
    assert len(servers.requests) == 2


def test_an_application_that_neither_server_knows_is_a_failure(oauth, servers):
    says(servers, {"error": "invalid_client"}, {"error": "invalid_client"})
    assert refusal(lambda: oauth.refresh("old")) is ErrorCode.PORTAL_FAILED


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("PAYMENT_REQUIRED", ErrorCode.PORTAL_UNPAID),
        ("NOT_INSTALLED", ErrorCode.PORTAL_CLOSED),
        ("insufficient_scope", ErrorCode.PORTAL_SCOPE),
        ("invalid_scope", ErrorCode.PORTAL_SCOPE),
        ("something new", ErrorCode.PORTAL_FAILED),
    ],
)
def test_what_the_server_refuses_is_told_by_its_code_and_only_one_server_is_asked(oauth, servers, code, expected):
    says(servers, {"error": code}, proof())
    assert refusal(lambda: oauth.prove("token", member_id=MEMBER)) is expected
    assert refusal(lambda: oauth.refresh("old")) is expected
    assert set(servers.asked) == {"oauth.bitrix.info"}


@pytest.mark.parametrize(
    "code", ["PAYMENT_REQUIRED", "invalid_client", "invalid_grant", "invalid_request", "invalid_scope"]
)
def test_every_recorded_refusal_of_a_refresh_is_a_refusal_here(oauth, servers, recorded, code):
    error = recorded(f"oauth.token.error.{code}.json")
    says(servers, error, error)
    with pytest.raises(Refused):
        oauth.refresh("old")


def test_an_empty_token_is_refused_and_nobody_is_asked(oauth, servers):
    assert refusal(lambda: oauth.prove("", member_id=MEMBER)) is ErrorCode.NO_AUTH
    assert servers.requests == []


# How often it is asked.


def test_a_proved_token_is_believed_for_five_minutes(oauth, servers, clock):
    says(servers, proof())
    oauth.prove("token", member_id=MEMBER)
    clock.forward(PROOF_SECONDS - 1)
    oauth.prove("token", member_id=MEMBER)
    assert len(servers.requests) == 1
    clock.forward(1)
    oauth.prove("token", member_id=MEMBER)
    assert len(servers.requests) == 2


def test_another_token_is_asked_about_by_itself(oauth, servers):
    says(servers, proof())
    oauth.prove("token", member_id=MEMBER)
    oauth.prove("token2", member_id=MEMBER)
    assert len(servers.requests) == 2


def test_asking_again_asks_although_it_is_known(oauth, servers):
    says(servers, proof())
    oauth.prove("token", member_id=MEMBER)
    says(servers, proof(install={"client_endpoint": "https://new.bitrix24.com/rest"}))
    assert oauth.prove("token", member_id=MEMBER, refresh=True).endpoint == "https://new.bitrix24.com/rest/"
    assert oauth.prove("token", member_id=MEMBER).endpoint == "https://new.bitrix24.com/rest/"
    assert len(servers.requests) == 2


def test_a_failed_proof_is_not_remembered(oauth, servers):
    says(servers, {"error": "expired_token"}, {"error": "invalid_token"})
    refusal(lambda: oauth.prove("token", member_id=MEMBER))
    says(servers, proof())
    assert oauth.prove("token", member_id=MEMBER).user_id == 7


# Refresh.


def test_a_refresh_gives_a_whole_new_pair(oauth, servers, clock, recorded):
    says(servers, recorded("oauth.token.refresh.response.json"))
    token = oauth.refresh("old").token
    assert (token.access, token.refresh) == ("ydtj8pho532wydb5ixk78ol7uqlb7sch", "3s6lr4kr3cv2od4v853gvrchb875bwxb")
    assert token.expires_at == clock() + 3600


@pytest.mark.parametrize("lifetime", [None, "soon", -1, 0, 10**9, 1.5])
def test_a_lifetime_that_cannot_be_right_is_an_hour(oauth, servers, clock, lifetime):
    says(servers, {"access_token": "new", "refresh_token": "next", "expires_in": lifetime})
    assert oauth.refresh("old").token.expires_at == clock() + 3600


@pytest.mark.parametrize(
    "half", [{"access_token": "new"}, {"refresh_token": "next"}, {"access_token": 1, "refresh_token": 2}]
)
def test_half_a_pair_is_no_pair(oauth, servers, half):
    says(servers, half)
    assert refusal(lambda: oauth.refresh("old")) is ErrorCode.PORTAL_FAILED


def test_the_secret_stands_only_in_the_body_of_a_post(oauth, servers):
    says(servers, {"access_token": "new", "refresh_token": "next"})
    oauth.refresh("old")
    (request,) = servers.requests
    assert request.method == "POST"
    assert str(request.url) == f"{FIRST}/oauth/token/"
    assert SECRET not in str(request.url) + str(request.headers)
    form = parse_qs(request.content.decode())
    assert form == {
        "grant_type": ["refresh_token"],
        "client_id": [OURS],
        "client_secret": [SECRET],
        "refresh_token": ["old"],
    }


def test_a_proof_shows_the_server_no_secret(oauth, servers):
    says(servers, proof())
    oauth.prove("token", member_id=MEMBER)
    (request,) = servers.requests
    assert SECRET not in str(request.url) + str(request.headers) + request.content.decode()


@pytest.mark.parametrize("code", ["invalid_grant", "invalid_token", "invalid_client", "PORTAL_DELETED"])
def test_a_refusal_by_the_other_server_alone_condemns_no_token(oauth, servers, code):
    says(servers, httpx.ConnectError("dead for a moment"), {"error": code})
    assert refusal(lambda: oauth.refresh("good")) is ErrorCode.PORTAL_FAILED
    assert refusal(lambda: oauth.prove("good", member_id=MEMBER)) is ErrorCode.PORTAL_FAILED

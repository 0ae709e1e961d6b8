"""The events the portal sends: the form on the wire, who gets it, what it is signed with, and that
it comes once."""

import json
import threading
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from flask import Flask, Response, request

from sandbox.portal.background import free_port, served
from sandbox.portal.delivery import bracketed
from sandbox.portal.php import parse_str
from tests.sandbox.apps import new_portal
from tests.stand import PATIENCE

RECORDED = Path(__file__).parents[3] / "shared" / "reference" / "bitrix24"


class Hook:
    """The smallest handler: keeps what was posted and answers what it is told to."""

    def __init__(self):
        self.posted, self.status, self.may_answer = [], 200, threading.Event()
        self.flask = Flask("handler")
        self.flask.add_url_rule("/hook", "hook", self._hook, methods=["POST"])

    def _hook(self):
        self.posted.append((request.mimetype, request.get_data(as_text=True)))
        self.may_answer.wait(PATIENCE)
        moved = {"Location": "/elsewhere"} if self.status == 302 else {}
        return Response("", self.status, headers=moved)

    @property
    def last(self):
        return parse_str(self.posted[-1][1])


@pytest.fixture(scope="module")
def running():
    hook, port = Hook(), free_port()
    with served(hook.flask, port):
        hook.address = f"http://127.0.0.1:{port}/hook"
        yield hook


@pytest.fixture
def hook(running):
    running.posted, running.status = [], 200
    running.may_answer.set()
    yield running
    running.may_answer.set()


@pytest.fixture
def portal():
    return new_portal()


@pytest.fixture
def bind(portal, hook):
    def bind(*events, user="admin"):
        for event in events:
            answer = portal.call("event.bind", portal.token(user), event=event, handler=hook.address)
            assert answer["result"] is True

    return bind


def fire(portal, event, /, **more):
    return portal.post("/_sandbox/events", json={"event": event, "wait": True, **more}).get_json()["events"]


def test_an_event_is_a_form_with_bracketed_keys(portal, hook, bind):
    bind("ONCRMCONTACTUPDATE")
    fire(portal, "ONCRMCONTACTUPDATE")
    mimetype, body = hook.posted[0]
    fields = dict(parse_qsl(body))
    assert mimetype == "application/x-www-form-urlencoded"
    assert (fields["event"], fields["data[FIELDS][ID]"]) == ("ONCRMCONTACTUPDATE", "42")
    assert fields["auth[member_id]"] == portal.state()["member_id"]
    assert fields["auth[application_token]"] == portal.state()["application_token"]
    assert fields["auth[client_endpoint]"] == "http://127.0.0.1:8001/rest/"


@pytest.mark.parametrize("values", [{"a": {"b": [1, None, "x"], "c": True}, "d": None, "e": "ё&="}])
def test_nothing_is_lost_between_the_brackets_but_null(values):
    assert bracketed(values) == {"a[b][0]": "1", "a[b][2]": "x", "a[c]": "1", "e": "ё&="}


@pytest.mark.parametrize(
    "event",
    ["ONCRMCONTACTUPDATE", "ONCRMCOMPANYUPDATE", "ONCRMDEALUPDATE", "ONCRMLEADUPDATE", "ONCRMDYNAMICITEMUPDATE"],
)
def test_a_crm_event_tells_what_a_recorded_one_does_but_no_refresh_token(portal, hook, bind, event):
    bind(event)
    fire(portal, event)
    path = RECORDED / f"event.{event}.json"
    if not path.exists():
        pytest.skip("no recorded answers beside the repository")
    sample = json.loads(path.read_text())
    assert hook.last.keys() == sample.keys()
    assert hook.last["data"]["FIELDS"].keys() == sample["data"]["FIELDS"].keys()
    assert hook.last["auth"].keys() == sample["auth"].keys() - {"refresh_token"} | {"user_id", "expires"}


@pytest.mark.parametrize("event", ["ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL", "ONAPPPAYMENT"])
def test_an_event_of_the_app_tells_what_a_recorded_one_does(portal, hook, bind, event):
    bind(event)
    portal.change(days=28)
    fire(portal, event)
    path = RECORDED / f"event.{event}.json"
    if not path.exists():
        pytest.skip("no recorded answers beside the repository")
    sample = json.loads(path.read_text())
    assert hook.last["data"].keys() == sample["data"].keys()
    assert hook.last["auth"].keys() - {"user_id", "expires", "application_token"} == (
        sample["auth"].keys() - {"application_token"}
    )


def test_the_tokens_of_an_event_are_good_and_belong_to_whoever_caused_it(portal, hook, bind):
    bind("ONCRMDEALUPDATE")
    portal.post("/changed?path=/crm/deal/details/7045/&user=restricted")
    portal.sent()
    auth = hook.last["auth"]
    assert portal.call("profile", auth["access_token"])["result"]["ID"] == auth["user_id"] == "3"


def test_a_handler_that_a_rep_bound_carries_the_reps_token(portal, hook, bind):
    bind("ONCRMDEALUPDATE", user="rep")
    fire(portal, "ONCRMDEALUPDATE")
    assert hook.last["auth"]["user_id"] == "2"


def test_an_installation_ends_with_an_event_that_brings_tokens(portal, hook):
    portal.change(installed=False)
    portal.act("/market/install")
    token = portal.open("/market/", user="admin")["fields"]["AUTH_ID"]
    portal.call("event.bind", token, event="ONAPPINSTALL", handler=hook.address)
    assert portal.sent() == []
    portal.finish()
    portal.sent()
    assert hook.last["data"] == {"VERSION": "1", "ACTIVE": "Y", "INSTALLED": "Y", "LANGUAGE_ID": "ru"}
    assert portal.refresh(hook.last["auth"]["refresh_token"]).status_code == 200
    assert hook.last["auth"]["application_token"] == portal.state()["application_token"]


def test_an_update_tells_of_itself_and_its_finish_of_an_installation(portal, hook, bind):
    bind("ONAPPUPDATE")
    bind("ONAPPINSTALL")
    portal.act("/market/update")
    assert [each["event"] for each in portal.sent()] == ["ONAPPUPDATE"]
    assert hook.last["data"] == {"VERSION": "2", "PREVIOUS_VERSION": "1", "LANGUAGE_ID": "ru"}
    portal.finish()
    assert len(portal.sent()) == 1  # the update took the other handler with it
    portal.act("/market/update")
    bind("ONAPPINSTALL")
    portal.finish()
    assert [each["event"] for each in portal.sent()] == ["ONAPPUPDATE", "ONAPPUPDATE", "ONAPPINSTALL"]


def test_by_the_docs_an_update_takes_every_handler_and_is_told_at_its_finish(portal, hook, bind):
    portal.change(quirks={"update": "docs"})
    bind("ONAPPUPDATE")
    portal.act("/market/update")
    assert portal.sent() == []
    bind("ONAPPUPDATE")
    portal.finish()
    assert [each["event"] for each in portal.sent()] == ["ONAPPUPDATE"]


def test_a_deleted_card_is_told_by_its_id(portal, hook, bind):
    bind("ONCRMCONTACTDELETE")
    portal.change(delete_item={"entityTypeId": 3, "id": 42})
    portal.sent()
    assert hook.last["data"] == {"FIELDS": {"ID": "42"}}


@pytest.mark.parametrize("clean", ["0", "1"])
def test_the_last_word_is_whether_to_clear_the_data_and_comes_without_tokens(portal, hook, bind, clean):
    bind("ONAPPUNINSTALL")
    known = portal.state()["application_token"]
    portal.act("/market/uninstall", clean=clean)
    portal.sent()
    assert hook.last["data"] == {"LANGUAGE_ID": "ru", "CLEAN": clean}
    assert hook.last["auth"]["application_token"] == known
    assert not {"access_token", "refresh_token"} & hook.last["auth"].keys()
    assert portal.state()["present"] is False


def test_a_payment_is_told_and_an_expired_app_hears_nothing_else(portal, hook, bind):
    bind("ONAPPPAYMENT", "ONCRMDEALUPDATE")
    portal.act("/market/pay", expired="1")
    portal.sent()
    assert (hook.last["data"]["PAYMENT_EXPIRED"], hook.last["data"]["DAYS"]) == ("Y", "-1")
    assert len(fire(portal, "ONCRMDEALUPDATE")) == 1
    portal.act("/market/pay")
    assert len(fire(portal, "ONCRMDEALUPDATE")) == 3


def test_smart_processes_are_told_by_the_row_of_their_type(portal, hook, bind):
    bind("ONCRMTYPEADD", "ONCRMTYPEUPDATE", "ONCRMTYPEDELETE")
    portal.act("/types/", title="Аренда")
    portal.act("/types/1030/rename", title="Прокат")
    portal.act("/types/1030/delete")
    told = [(each["event"], each["fields"]["data[FIELDS][ID]"]) for each in portal.sent()]
    assert told == [("ONCRMTYPEADD", "8"), ("ONCRMTYPEUPDATE", "8"), ("ONCRMTYPEDELETE", "8")]


def test_an_item_that_is_changed_is_told_with_its_type(portal, hook, bind):
    bind("ONCRMDYNAMICITEMUPDATE", "ONCRMCONTACTUPDATE")
    portal.post("/changed?path=/crm/type/31/details/88/")
    portal.change(change_item={"entityTypeId": 3, "id": 42, "fields": {"name": "Пётр"}})
    told = [each["fields"] for each in portal.sent()]
    assert (told[0]["data[FIELDS][ID]"], told[0]["data[FIELDS][ENTITY_TYPE_ID]"]) == ("88", "31")
    assert told[1]["data[FIELDS][ID]"] == "42"
    item = portal.call("crm.item.get", portal.token(), entityTypeId=3, id=42)["result"]["item"]
    assert item["name"] == "Пётр"


def test_nothing_is_sent_before_the_installation_is_finished(portal, bind):
    portal.change(version=2)
    bind("ONCRMDEALUPDATE")
    assert fire(portal, "ONCRMDEALUPDATE") == []


def test_nothing_is_sent_to_the_handlers_of_the_other_portal(portal, bind):
    bind("ONCRMDEALUPDATE")
    assert fire(portal, "ONCRMDEALUPDATE", portal=2) == []


def test_a_forged_event_differs_only_in_what_was_asked_for(portal, hook, bind):
    bind("ONAPPUNINSTALL")
    fire(portal, "ONAPPUNINSTALL", token="wrong")
    assert hook.last["auth"]["application_token"] == "0" * 32
    fire(portal, "ONAPPUNINSTALL", token="none")
    assert "application_token" not in hook.last["auth"]
    fire(portal, "ONAPPUNINSTALL", auth={"member_id": "x"}, data={"CLEAN": 1})
    assert (hook.last["auth"]["member_id"], hook.last["data"]) == ("x", {"CLEAN": "1"})
    assert portal.state()["present"] is True


def test_an_event_can_be_sent_to_an_address_nobody_bound(portal, hook):
    fire(portal, "ONSOMETHING", handler=hook.address, data={})
    assert hook.last["event"] == "ONSOMETHING"


def test_answers_are_kept_with_their_time_and_nothing_is_sent_twice(portal, hook, bind):
    bind("ONCRMDEALUPDATE")
    hook.status = 500
    events = fire(portal, "ONCRMDEALUPDATE", times=3)
    assert [each["status"] for each in events] == [500, 500, 500]
    assert all(isinstance(each["milliseconds"], int) and each["milliseconds"] >= 0 for each in events)
    assert len(hook.posted) == 3


def test_a_handler_that_moved_is_not_followed_and_one_that_is_gone_is_noted(portal, hook, bind):
    bind("ONCRMDEALUPDATE")
    hook.status = 302
    assert fire(portal, "ONCRMDEALUPDATE")[0]["status"] == 302
    nobody = fire(portal, "ONCRMDEALUPDATE", handler=f"http://127.0.0.1:{free_port()}/hook")[1]
    assert nobody["status"] is None
    assert "refused" in nobody["error"]


def test_a_slow_handler_is_given_up(portal, hook, bind, monkeypatch):
    monkeypatch.setattr("sandbox.portal.delivery.PATIENCE", 0.1)
    bind("ONCRMDEALUPDATE")
    hook.may_answer.clear()
    event = fire(portal, "ONCRMDEALUPDATE")[0]
    assert (event["status"], "timed out" in event["error"]) == (None, True)


def test_the_page_goes_on_while_a_handler_thinks(portal, hook, bind):
    bind("ONCRMDEALUPDATE")
    hook.may_answer.clear()
    assert portal.post("/changed?path=/crm/deal/details/7045/").get_json() == {"handlers": 1}
    assert portal.get("/_sandbox/events").get_json()["under_way"] == 1
    hook.may_answer.set()
    assert portal.sent()[0]["status"] == 200


def test_a_reset_forgets_what_was_sent(portal, hook, bind):
    bind("ONCRMDEALUPDATE")
    fire(portal, "ONCRMDEALUPDATE")
    portal.post("/_sandbox/reset")
    assert portal.sent() == []

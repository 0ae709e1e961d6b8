"""The contact centre of the simulated portal behaves as the server's modules do, where that hurts
an application."""

from typing import Any

import pytest

from sandbox.portal.visitor import Visitor
from tests.sandbox.apps import new_portal

CODE = "whatsapp"
IVAN = "+79619510000"
DEAL, CONTACT, LEAD = "2", "3", "1"
ICON = {"DATA_IMAGE": "data:image/svg+xml,x"}
QUIET = dict.fromkeys(("NEED_SYSTEM_MESSAGES", "NEED_SIGNATURE", "CHAT_GROUP"), False)


@pytest.fixture
def portal() -> Visitor:
    visitor = new_portal("http://localhost")
    visitor.change(scopes="crm,im,imconnector,imopenlines,placement")
    return visitor


class Line:
    """Open line 1 with our connector on it, and who asks."""

    def __init__(self, portal: Visitor, **flags: Any) -> None:
        self.portal, self.admin, self.rep = portal, portal.token("admin"), portal.token("rep")
        self.call(
            "imconnector.register", ID=CODE, NAME="W", ICON=ICON, PLACEMENT_HANDLER="http://localhost/app", **flags
        )
        self.call("imconnector.activate", CONNECTOR=CODE, LINE=1, ACTIVE=1)
        self.call("imconnector.connector.data.set", CONNECTOR=CODE, LINE=1, DATA={"ID": "1"})
        for event in ("MESSAGEADD", "MESSAGEUPDATE", "DIALOGSTART", "DIALOGFINISH"):
            self.call("event.bind", event=f"ONIMCONNECTOR{event}", handler="http://localhost/hooks")

    def call(self, method: str, *, by: str = "admin", **params: Any) -> Any:
        return self.portal.call(method, getattr(self, by), **params)

    def receive(self, text: str, name: str = "m1", *, phone: str = "", called: str = "Иван", **more: Any) -> Any:
        message = {"id": name, "text": text, **more}
        told = {"user": {"id": "w1", "name": called, "phone": phone}, "message": message, "chat": {"id": "w1"}}
        return self.call("imconnector.send.messages", CONNECTOR=CODE, LINE=1, MESSAGES=[told])["result"]["DATA"][
            "RESULT"
        ][0]

    @property
    def chat(self) -> dict[str, Any]:
        return self.portal.state()["centre"]["chats"][0]

    @property
    def told(self) -> list[tuple[str, str]]:
        """Name and text of each event that was sent."""
        return [(e["event"][13:], e["fields"].get("data[MESSAGES][0][message][text]", "")) for e in self.portal.sent()]


def test_a_message_makes_a_chat_with_an_operator_and_a_lead_that_waits(portal: Visitor) -> None:
    line = Line(portal, **QUIET)
    told = line.receive("Добрый день", phone="+70000000001")
    assert told["SUCCESS"] and told["session"]["CHAT_ID"] == str(line.chat["id"])
    assert (line.chat["waiting"], line.chat["owner"], list(line.chat["bindings"])) == (True, 2, [LEAD])


def test_a_known_phone_is_bound_to_its_contact_and_its_open_deal_and_makes_no_lead(portal: Visitor) -> None:
    line = Line(portal, **QUIET)
    line.receive("Добрый день", phone=IVAN, disable_crm="Y")
    assert line.chat["bindings"][CONTACT] == 42
    assert DEAL in line.chat["bindings"] and LEAD not in line.chat["bindings"]


def test_a_name_of_two_words_is_matched_with_a_namesake(portal: Visitor) -> None:
    line = Line(portal, **QUIET)
    line.receive("Добрый день", called="Пётр Безномерный")
    assert line.chat["bindings"][CONTACT] == 60


def test_the_contacts_responsible_gets_the_chat_before_the_deals(portal: Visitor) -> None:
    line = Line(portal, **QUIET)
    for kind, item_id, responsible in ((CONTACT, 42, 4), (DEAL, 7048, 1)):
        changed = {"entityTypeId": kind, "id": item_id, "fields": {"assignedById": responsible}}
        portal.change(change_item=changed)
    line.receive("Добрый день", phone=IVAN)
    assert line.chat["owner"] == 4


def test_a_deal_is_made_again_where_the_line_says_so(portal: Visitor) -> None:
    line = Line(portal, **QUIET)
    portal.change(open_line={"id": 1, "config": {"CRM_CREATE": "deal", "CRM_CREATE_THIRD": "N"}})
    line.receive("Добрый день", phone=IVAN)
    first = line.chat["bindings"][DEAL]
    line.call("imopenlines.operator.finish", CHAT_ID=line.chat["id"])
    line.receive("Ещё раз", "m2", phone=IVAN)
    assert line.chat["bindings"][DEAL] > first > 7049
    assert (line.chat["sessions"], len(portal.state()["centre"]["chats"])) == (2, 1)


def test_an_employees_message_comes_back_and_the_systems_and_the_clients_do_not(portal: Visitor) -> None:
    line = Line(portal, **QUIET)
    line.receive("от клиента")
    line.receive("от системы", "m2", user_id=0)
    line.receive("от сотрудника", "m3", user_id=2)
    assert [text for name, text in line.told if name == "MESSAGEADD"] == ["от сотрудника"]
    assert [one["author"] for one in line.chat["messages"]] == ["client", 0, 2]
    assert line.chat["waiting"]


def test_greetings_reach_the_client_unless_real_booleans_forbade_it(portal: Visitor) -> None:
    quiet = Line(portal, **QUIET)
    quiet.receive("раз")
    assert not [one for one in quiet.told if one[0] == "MESSAGEADD"]
    portal.post("/_sandbox/reset")
    portal.change(scopes="crm,im,imconnector,imopenlines,placement")
    strings = Line(portal, **dict.fromkeys(QUIET, "N"))
    strings.receive("раз")
    assert [text[:12] for name, text in strings.told if name == "MESSAGEADD"] == ["Здравствуйте"]


def test_a_template_id_makes_a_message_of_the_messenger_one_message(portal: Visitor) -> None:
    line = Line(portal, **QUIET)
    chat = line.receive("Добрый день")["session"]["CHAT_ID"]
    add = {"DIALOG_ID": f"chat{chat}", "MESSAGE": "Здравствуйте", "TEMPLATE_ID": "k1"}
    first, again = (line.call("im.message.add", by="rep", **add)["result"] for _ in range(2))
    assert first == again
    assert [text for name, text in line.told if name == "MESSAGEADD"] == ["Здравствуйте"]
    assert not line.chat["waiting"] and line.chat["messages"][-1]["sending"]
    told = {"im": {"chat_id": chat, "message_id": first}, "message": {"id": ["W9"]}, "chat": {"id": "w1"}}
    for name in ("W9", "other"):
        told["message"] = {"id": [name]}
        line.call("imconnector.send.status.delivery", CONNECTOR=CODE, LINE=1, MESSAGES=[told])
    assert (line.chat["messages"][-1]["sending"], line.chat["messages"][-1]["outside"]) == (False, ["W9"])


def test_a_hidden_message_leaves_the_client_waiting(portal: Visitor) -> None:
    line = Line(portal, **QUIET)
    chat = line.receive("Добрый день")["session"]["CHAT_ID"]
    line.call("im.message.add", by="rep", DIALOG_ID=f"chat{chat}", MESSAGE="тихо", SKIP_CONNECTOR="Y")
    assert line.chat["waiting"] and line.chat["messages"][-1]["hidden"]


def test_an_outgoing_session_has_its_caller_as_operator_and_nobody_waits(portal: Visitor) -> None:
    line = Line(portal, **QUIET)
    chat = line.receive("Добрый день")["session"]["CHAT_ID"]
    line.call("imopenlines.operator.finish", CHAT_ID=chat)
    line.call("imopenlines.session.start", by="rep", CHAT_ID=chat)
    assert (line.chat["owner"], line.chat["waiting"], line.chat["open"]) == (2, False, True)
    refused = line.call("imopenlines.operator.answer", by="rep", CHAT_ID=chat)
    assert (refused["error"], refused["error_description"]) == ("", "")
    assert line.call("imopenlines.session.intercept", by="rep", CHAT_ID=chat)["result"] is True


def test_one_message_fails_while_the_call_succeeds(portal: Visitor) -> None:
    line = Line(portal, **QUIET)
    portal.change(refuse_messages=1)
    assert line.receive("раз")["SUCCESS"] is False
    assert line.receive("")["ERRORS"] == ["IMCONNECTOR_NOT_ALL_THE_REQUIRED_DATA"]
    assert not portal.state()["centre"]["chats"]


def test_what_is_switched_off_forgets_its_data_and_takes_no_messages(portal: Visitor) -> None:
    line = Line(portal, **QUIET)
    line.call("imconnector.activate", CONNECTOR=CODE, LINE=1, ACTIVE=0)
    line.call("imconnector.activate", CONNECTOR=CODE, LINE=1, ACTIVE=1)
    status = line.call("imconnector.status", CONNECTOR=CODE, LINE=1)["result"]
    assert (status["STATUS"], status["CONFIGURED"]) == (True, False)
    assert line.call("imconnector.status", CONNECTOR=CODE)["result"]["CONFIGURED"] is False
    portal.change(connector_off={"connector": CODE, "line": 1})
    refused = portal.call("imconnector.send.messages", line.admin, CONNECTOR=CODE, LINE=1, MESSAGES=[{"message": {}}])
    assert refused["error"] == "NOT_ACTIVE_LINE"


@pytest.mark.parametrize(("how", "times"), [("lost", 1), ("twice", 2), ("held", 0)])
def test_events_are_lost_doubled_and_held_on_request(portal: Visitor, how: str, times: int) -> None:
    line = Line(portal, **QUIET)
    portal.change(events={"ONIMCONNECTORDIALOGSTART": how})
    line.receive("раз")
    starts = [one for one in portal.sent() if one["event"].endswith("START")]
    assert len(starts) == times and all((one["error"] == "lost") == (how == "lost") for one in starts)
    portal.change(events={})
    assert len([one for one in portal.sent() if one["event"].endswith("START")]) == max(times, 1)


def test_the_timeline_takes_comments_and_binds_them_to_four_kinds(portal: Visitor) -> None:
    token = portal.token("admin")
    fields = {"ENTITY_ID": 7045, "ENTITY_TYPE": "deal", "COMMENT": "Переписка"}
    made = portal.call("crm.timeline.comment.add", token, fields=fields)["result"]
    assert portal.call("crm.timeline.comment.update", token, id=made, fields={"COMMENT": "Больше"})["result"] == made
    bind = {"OWNER_ID": made, "ENTITY_TYPE": "contact", "ENTITY_ID": 42}
    assert portal.call("crm.timeline.bindings.bind", token, fields=bind)["result"] is True
    assert portal.call("crm.timeline.bindings.bind", token, fields=bind)["result"] is True  # it was so already
    for wrong in ({**bind, "ENTITY_TYPE": "quote", "ENTITY_ID": 31}, {**bind, "ENTITY_TYPE": "DEAL"}):
        assert "error" in portal.call("crm.timeline.bindings.bind", token, fields=wrong)
    page = portal.get("/timeline/3/42/").text
    assert "Больше" in page and "Комментарий" in page


def test_an_operator_sees_the_chats_and_answers_on_the_page(portal: Visitor) -> None:
    line = Line(portal, **QUIET)
    chat = line.receive("Добрый день")["session"]["CHAT_ID"]
    assert "клиент ждёт" in portal.get("/openlines/").text
    portal.post(f"/openlines/{chat}/say", query_string={"user": "rep"}, data={"text": "Здравствуйте"})
    page = portal.get(f"/openlines/?chat={chat}").text
    assert "Роман Продажин" in page and "Здравствуйте" in page and "диалог идёт" in page
    opened = portal.open("/contact_center/connector/", user="admin", ID=CODE, LINE="1")
    assert opened["fields"]["PLACEMENT"] == "SETTING_CONNECTOR"


def test_a_history_is_of_one_session_and_says_what_is_on_its_way_and_what_was_hidden(portal: Visitor) -> None:
    line = Line(portal, **QUIET)
    chat = line.receive("раз")["session"]["CHAT_ID"]
    line.call("im.message.add", by="rep", DIALOG_ID=f"chat{chat}", MESSAGE="ответ")
    line.call("im.message.add", by="rep", DIALOG_ID=f"chat{chat}", MESSAGE="тихо", SKIP_CONNECTOR="Y")
    first = line.call("imopenlines.session.history.get", CHAT_ID=chat)["result"]
    params = {row["text"]: row["params"] for row in first["message"].values()}
    assert params["раз"] == {"connectorMid": ["m1"]}
    assert params["ответ"]["sending"] == "Y" and "sending" not in params["тихо"]
    line.call("imopenlines.operator.finish", CHAT_ID=chat)
    portal.change(bare_answers=1)
    assert "session" not in line.receive("два", "m2")
    newest = line.call("imopenlines.session.history.get", CHAT_ID=chat)["result"]
    assert [row["text"] for row in newest["message"].values()] == ["два"]
    assert line.call("imopenlines.session.history.get", SESSION_ID=first["sessionId"])["result"] == first


def test_each_part_of_a_deleted_message_has_a_row_of_its_own_in_the_event(portal: Visitor) -> None:
    line = Line(portal, **QUIET)
    chat = line.receive("раз")["session"]["CHAT_ID"]
    said = line.call("im.message.add", by="rep", DIALOG_ID=f"chat{chat}", MESSAGE="ответ")["result"]
    told = {"im": {"chat_id": chat, "message_id": said}, "message": {"id": ["W1", "W2"]}, "chat": {"id": "w1"}}
    line.call("imconnector.send.status.delivery", CONNECTOR=CODE, LINE=1, MESSAGES=[told])
    line.call("event.bind", event="ONIMCONNECTORMESSAGEDELETE", handler="http://localhost/hooks")
    line.call("im.message.delete", by="rep", MESSAGE_ID=said)
    fields = portal.sent()[-1]["fields"]
    assert [fields[f"data[MESSAGES][{n}][message][id]"] for n in range(2)] == ["W1", "W2"]
    row = line.call("imopenlines.session.history.get", CHAT_ID=chat)["result"]["message"][str(said)]
    assert (row["text"], row["params"]["isDeleted"]) == ("", "Y")

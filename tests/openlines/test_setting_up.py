"""An administrator mirrors a line, is told what the open line would do, and leaves no trace when it
is over."""

import re
from typing import Any

import pytest

from tests.admin.conftest import AppPage
from tests.openlines.conftest import Circle, MakeCircle
from widget.errors import Refused
from widget.openlines.greetings import Catch, catches_of
from widget.storage.lines import Mirroring

QUIET = dict.fromkeys(("NEED_SYSTEM_MESSAGES", "NEED_SIGNATURE", "CHAT_GROUP"), False)


def page_of(circle: Circle) -> AppPage:
    page = circle.widget.open("/app/", user="admin", lang="ru")
    found = re.search(r'data-session="([^"]+)"', page.text)
    assert found
    page.session = found[1]
    return AppPage(page, page.text)


def look(circle: Circle, **body: Any) -> AppPage:
    return page_of(circle).save(f"lines/{circle.line_id}/mirror/look", **body)


def save(circle: Circle, mirroring: str, open_line: int = 1) -> AppPage:
    return page_of(circle).save(f"lines/{circle.line_id}/mirror", open_line=str(open_line), mirroring=mirroring)


def test_without_the_permissions_all_else_works_and_the_page_says_which_lack(make_circle: MakeCircle) -> None:
    circle = make_circle(scopes="crm,placement,user_brief,userfieldconfig", mirrored=False)
    assert not any(event.startswith("ONIMCONNECTOR") for event in circle.site.handlers)
    words = look(circle).words
    assert "Приложению не хватает прав: im, imconnector, imopenlines" in words
    circle.site.change(scopes="crm,im,imconnector,imopenlines,placement,user_brief,userfieldconfig")
    assert "Отдел продаж" in look(circle, again=True).words
    assert sum(event.startswith("ONIMCONNECTOR") for event in circle.site.handlers) == 7


def test_switching_on_connects_with_real_booleans_and_off_leaves_no_trace(make_circle: MakeCircle) -> None:
    circle = make_circle(mirrored=False)
    assert "Сохранено" in save(circle, "on").words
    (flags,) = circle.centre["connectors"].values()
    assert QUIET.items() <= flags.items()
    (link,) = circle.centre["links"]
    assert (link["line"], link["status"], link["data"]["NAME"]) == (1, True, "Line sales")
    assert circle.line.mirroring is Mirroring.ON
    save(circle, "off")
    assert (circle.centre["connectors"], circle.centre["links"]) == ({}, [])
    assert (circle.line.mirroring, circle.line.open_line) == (Mirroring.OFF, 0)


def test_another_open_line_takes_the_place_of_the_first(circle: Circle) -> None:
    circle.client_writes("раз")
    circle.open_card()
    circle.mirror(open_line=2)
    assert [link["line"] for link in circle.centre["links"]] == [2]
    circle.client_writes("два")
    circle.rep_writes("три", "k1")
    first, second = circle.centre["chats"]
    assert [(first["line"], len(first["messages"])), (second["line"], len(second["messages"]))] == [(1, 1), (2, 2)]


def test_an_open_line_of_another_line_of_ours_is_taken(circle: Circle) -> None:
    other = circle.widget.add_line("support")
    setup = circle.services.open_lines.setup
    line = circle.services.storage.lines.get(circle.site.portal.id, other)
    with pytest.raises(Refused, match="taken"):
        setup.switch_on(circle.site.portal, 1, line, 1, Mirroring.ON)
    assert setup.offer(circle.site.portal, 1, line).taken == {1: "Line sales"}


def test_the_page_says_what_the_open_line_would_do_and_where_to_change_it(circle: Circle) -> None:
    words = look(circle, open_line=1).words
    assert "Номер, которого нет в CRM, становится лидом" in words
    assert "«Настройки CRM» → «Если клиент не найден»" in words
    circle.site.change(open_line={"id": 1, "config": {"CRM_CREATE": "deal", "CRM_CREATE_THIRD": "N"}})
    assert "Каждый диалог создаёт новую сделку" in look(circle, open_line=1).words


@pytest.mark.parametrize(
    ("config", "catches"),
    [
        ({}, []),
        ({"ACTIVE": "N", "QUEUE": []}, [Catch.OFF, Catch.NO_QUEUE]),
        ({"CRM": "Y", "CRM_CREATE": "deal", "CRM_CREATE_THIRD": "Y"}, [Catch.MAKES_DEALS]),
        ({"CRM": "N", "CRM_CREATE": "deal", "CRM_CREATE_THIRD": "N"}, []),
        ({"CRM": "Y", "CRM_CREATE": "lead", "WELCOME_MESSAGE": "Y"}, [Catch.MAKES_LEADS, Catch.GREETS]),
        ({"WELCOME_BOT_ENABLE": "Y", "VOTE_MESSAGE": "Y"}, [Catch.BOT, Catch.RATES]),
        ({"WORKTIME_ENABLE": "Y", "WORKTIME_DAYOFF_RULE": "none", "AUTO_CLOSE_RULE": "text"}, [Catch.CLOSES]),
        ({"NO_ANSWER_RULE": "text", "AGREEMENT_MESSAGE": "Y"}, [Catch.NO_ANSWER, Catch.AGREEMENT]),
    ],
)
def test_settings_that_act_by_themselves_are_named(config: dict[str, Any], catches: list[Catch]) -> None:
    assert catches_of(config) == catches


def test_a_connector_that_was_switched_off_stops_the_mirror_until_it_is_set_up_again(circle: Circle) -> None:
    connector = circle.services.open_lines.work._calls.connector
    circle.client_writes("раз")
    circle.site.change(connector_off={"connector": connector, "line": 1})
    circle.site.deliver()
    assert circle.line.mirroring is Mirroring.STOPPED
    assert "отключили от открытой линии" in page_of(circle).save("health").words
    save(circle, "on")
    circle.client_writes("два")
    assert [text for _author, text in circle.said] == ["раз", "два"]


def test_a_deleted_open_line_stops_the_mirror(circle: Circle) -> None:
    circle.site.change(open_line={"id": 1, "deleted": True})
    circle.site.deliver()
    assert circle.line.mirroring is Mirroring.STOPPED


def test_the_health_list_finds_a_broken_connector_and_repair_mends_it(circle: Circle) -> None:
    circle.site.change(open_line={"id": 1, "error": True})
    circle.client_writes("раз")
    page = page_of(circle).save("health")
    assert "не принимает сообщения линии «Line sales»" in page.words
    assert "работает в открытой линии" in page.save("health/repair").words
    circle.later()
    assert circle.said == [("client", "раз")]


def test_an_uninstalled_application_mirrors_nothing(circle: Circle) -> None:
    circle.client_writes("раз")
    circle.site.market("uninstall")
    circle.site.deliver()
    assert circle.services.storage.lines.all_of(circle.site.portal.id)[0].mirroring is Mirroring.OFF


def test_the_contact_centre_opens_our_page_at_the_lines(circle: Circle) -> None:
    connector = circle.services.open_lines.work._calls.connector
    opening = circle.site.outside.opening("/contact_center/connector/", user="admin", ID=connector, LINE="1")
    assert opening["fields"]["PLACEMENT"] == "SETTING_CONNECTOR"
    assert 'data-place="lines' in circle.widget.post_opening(opening).text

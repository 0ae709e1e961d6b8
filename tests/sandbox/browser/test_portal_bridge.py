"""The bridge in a real Chromium: the page at 127.0.0.1, the app framed from localhost, both wire
forms."""

import re

import pytest
from playwright.sync_api import expect

from tests.sandbox.browser.conftest import framed

CB = "c" * 32


def log(page):
    return page.locator("#log")


def test_the_form_arrives_in_a_frame_of_another_site(card, app, page):
    frame = card("/crm/deal/details/7045/?user=admin&lang=en")
    posted = app.posted[0]
    assert frame.evaluate("name") == f"{posted['DOMAIN']}|0|{posted['APP_SID']}"
    assert frame.evaluate("location.hostname") == "localhost"
    assert (posted["PLACEMENT"], posted["LANG"]) == ("CRM_DEAL_DETAIL_TAB", "en")
    assert len(posted["AUTH_ID"]) == 70


def test_a_new_opening_has_a_new_sid_and_the_old_one_is_refused(card, app, page):
    old = card().evaluate("sid")
    page.get_by_role("button", name="Новое открытие").click()
    page.wait_for_function("old => document.querySelector('iframe').name.split('|')[2] !== old", arg=old)
    new = framed(page)
    assert new.evaluate("sid") != old
    assert app.posted[0]["AUTH_ID"] != app.posted[1]["AUTH_ID"]
    new.evaluate("old => say(`getInitData::x:${old}`)", old)
    expect(log(page)).to_contain_text("refused getInitData: wrong sid")


@pytest.mark.parametrize("wire", ["getInitData::{cb}:{sid}", "getInitData:{cb}:{sid}"])
def test_both_wire_forms_are_understood(card, page, wire):
    frame = card()
    message = wire.format(cb=CB, sid=frame.evaluate("sid"))
    data = frame.evaluate("([message, cb]) => ask(message, cb).then(JSON.parse)", [message, CB])
    assert (data["PLACEMENT"], data["PLACEMENT_OPTIONS"]["ID"]) == ("CRM_DEAL_DETAIL_TAB", "7045")
    assert data.keys() >= {"AUTH_ID", "REFRESH_ID", "MEMBER_ID", "DOMAIN", "LANG", "IS_ADMIN", "USER_OPTIONS"}


def test_an_object_on_the_wire_is_understood(card, page):
    frame = card()
    size = frame.evaluate(
        "cb => ask({method: 'resizeWindow', params: {width: 1, height: 333}, callback: cb, appSid: sid}, cb)"
        ".then(JSON.parse)",
        CB,
    )
    assert size["height"] == 333


def test_colons_in_the_params_do_not_confuse_the_wire(card, page):
    frame = card()
    frame.evaluate('say(`imOpenMessenger:{"dialogId":"imol|a:b:c"}::${sid}`)')
    expect(page.locator("#panel")).to_contain_text("imol|a:b:c")
    expect(log(page)).to_contain_text("imOpenMessenger imol|a:b:c")


def test_a_message_from_another_origin_is_refused(card, page):
    sid = card().evaluate("sid")
    page.evaluate("sid => postMessage(`resizeWindow:{\"height\":999}::${sid}`, '*')", sid)
    refused = log(page).locator(".is-refused")
    expect(refused).to_contain_text("refused resizeWindow: wrong origin")
    assert page.locator("#frame").get_attribute("data-frame-height") == "200"


def test_a_resize_changes_the_height_and_never_the_width(card, page):
    frame = card()
    width = page.locator("iframe").bounding_box()["width"]
    frame.evaluate('cb => ask(`resizeWindow:{"width":50,"height":421}:${cb}:${sid}`, cb)', CB)
    box = page.locator("iframe").bounding_box()
    assert (box["width"], box["height"]) == (width, 421)
    assert page.locator("#frame").get_attribute("data-frame-height") == "421"


def test_what_a_placement_may_not_do_is_refused_and_the_apps_own_page_may(card, page):
    frame = card()
    frame.evaluate("for (const c of ['setTitle', 'setScroll', 'reloadWindow']) say(`${c}:{}::${sid}`)")
    expect(log(page).locator(".is-refused")).to_have_count(3)
    own = card("/app/")
    own.evaluate('cb => ask(`setTitle:{"title":"Chats"}:${cb}:${sid}`, cb)', CB)
    assert page.title() == "Chats"


def test_a_command_nobody_knows_is_ignored_and_said_so(card, page):
    card().evaluate("say(`constructor:{}:x:${sid}`); say(`setValue:1:x:${sid}`)")
    expect(log(page)).to_contain_text("ignored constructor: unknown here")
    expect(log(page)).to_contain_text("ignored setValue: unknown here")


def test_refreshed_tokens_are_new_and_good(card, page, app, origin):
    frame = card("/crm/deal/details/7045/?user=restricted")
    fresh = frame.evaluate("cb => ask(`refreshAuth:{}:${cb}:${sid}`, cb).then(JSON.parse)", CB)
    assert fresh["AUTH_ID"] != app.posted[0]["AUTH_ID"]
    profile = page.request.post(f"{origin}/rest/profile", data={"auth": fresh["AUTH_ID"]}).json()
    assert profile["result"]["ID"] == "3"


def test_a_path_outside_of_the_white_list_is_an_error(card):
    frame = card()
    answer = frame.evaluate('cb => ask(`openPath:{"path":"/settings/"}:${cb}:${sid}`, cb).then(JSON.parse)', CB)
    assert answer == {"result": "error", "errorCode": "PATH_NOT_AVAILABLE"}


def test_an_allowed_path_opens_and_answers_when_it_is_closed(card, page):
    frame = card()
    frame.evaluate(
        'cb => { window.closed_ = ask(`openPath:{"path":"/crm/contact/details/42/"}:${cb}:${sid}`, cb) }', CB
    )
    expect(page.locator("#panel")).to_contain_text("/crm/contact/details/42/")
    assert frame.evaluate("heard.length") == 0
    page.locator("#panel-close").click()
    assert frame.evaluate("closed_.then(JSON.parse)") == {"result": "close"}
    expect(page.locator("#panel")).to_be_hidden()


def test_the_apps_slider_opens_and_closes_and_both_are_answered(card, page):
    frame = card()
    opened, closed = "a" * 32, "b" * 32
    frame.evaluate('cb => say(`openApplication:{"chat":17}:${cb}:${sid}`)', opened)
    expect(page.locator("#panel")).to_contain_text('{"chat":17}')
    frame.evaluate("cb => ask(`closeApplication::${cb}:${sid}`, cb)", closed)
    expect(page.locator("#panel")).to_be_hidden()
    assert frame.evaluate("heard") == [f"{opened}:", f"{closed}:"]


def test_a_field_in_edit_mode_keeps_a_value_until_it_is_saved(card, page):
    frame = card("/crm/deal/details/7045/?embed=field&mode=edit")
    interface = frame.evaluate("cb => ask(`getInterface::${cb}:${sid}`, cb).then(JSON.parse)", CB)
    assert interface["command"] == ["setValue", "getValue"]
    frame.evaluate('cb => ask(`setValue:"abc":${cb}:${sid}`, cb)', "a" * 32)
    assert frame.evaluate("cb => ask(`getValue::${cb}:${sid}`, cb).then(JSON.parse)", "b" * 32) == "abc"
    page.get_by_role("button", name="Сохранить").click()
    expect(log(page)).to_contain_text('saved UF_CRM_WHATSAPP = "abc"')


def test_a_bound_event_comes_each_time_it_happens(card, page):
    frame = card()
    frame.evaluate('cb => say(`placementBindEvent:{"event":"BX24Event"}:${cb}:${sid}`)', CB)
    expect(log(page)).to_contain_text("placementBindEvent")
    for _ in range(2):
        page.get_by_role("button", name="Послать").click()
    frame.wait_for_function("heard.length === 2")


def test_what_comes_over_the_wire_is_text_in_the_log(card, page):
    card().evaluate('say(`imOpenMessenger:{"dialogId":"<img src=x onerror=alert(1)>"}::${sid}`)')
    expect(log(page)).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("#log img, #panel img").count() == 0


def test_a_page_with_markup_in_its_data_runs_none_of_it(card, page):
    card("/crm/deal/details/7049/")
    assert page.locator("img").count() == 0


def test_the_own_library_speaks_all_of_it(card, page):
    frame = card("/crm/deal/details/7045/?lang=en&user=admin", library="bx24")
    told = frame.evaluate(
        """() => new Promise((done) => BX24.init(() => BX24.callMethod("profile", {}, (answer) =>
          BX24.refreshAuth((auth) => BX24.fitWindow((size) => done({
            info: BX24.placement.info(), lang: BX24.getLang(), admin: BX24.isAdmin(),
            who: answer.data().ID, fresh: auth.access_token === BX24.getAuth().access_token,
            left: auth.expires_in - Date.now(), height: size.height,
          }))))))"""
    )
    assert told["info"]["options"]["ID"] == "7045"
    assert (told["lang"], told["admin"], told["who"], told["fresh"]) == ("en", True, "1", True)
    assert 3_500_000 < told["left"] <= 3_600_000
    assert page.locator("#frame").get_attribute("data-frame-height") == str(told["height"])
    frame.evaluate("BX24.im.openMessenger('chat17')")
    expect(page.locator("#panel")).to_contain_text("chat17")


def test_the_library_refuses_a_page_outside_of_a_portal(origin, browser):
    outside = browser.new_page()
    errors = []
    outside.on("pageerror", lambda error: errors.append(str(error)))
    outside.goto(origin)
    outside.add_script_tag(url=f"{origin}/api/v1/")
    assert outside.evaluate("BX24") is None
    assert re.search("not inside of a portal", errors[0])
    outside.close()


def test_narrow_pages_do_not_scroll_sideways(page, origin):
    page.set_viewport_size({"width": 420, "height": 800})
    for path in ("/", "/crm/deal/details/7045/", "/crm/deal/details/7049/?embed=field", "/app/"):
        page.goto(origin + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 420

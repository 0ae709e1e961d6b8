"""Bitrix24's own script for framed pages, in the tab, the field and the app's own page of the
simulated portal."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Frame, Locator, Page, expect

from tests.sandbox.browser.conftest import SmallestApp
from tests.stand import PATIENCE
from tools.setup import B24JSSDK, B24JSSDK_FILE

DEAL = "/crm/deal/details/7045/"
TAB, FIELD, EDITED, OWN = (
    f"{DEAL}?lang=en",
    f"{DEAL}?lang=en&embed=field",
    f"{DEAL}?embed=field&mode=edit",
    "/app/?lang=en",
)

Open = Callable[..., Frame]


@pytest.fixture(autouse=True)
def _as_seeded(origin: str) -> None:
    httpx.post(f"{origin}/_sandbox/reset", timeout=PATIENCE).raise_for_status()


@pytest.fixture
def b24(card: Open) -> Open:
    """Open a page whose frame has the script ready as `b24`."""
    if not B24JSSDK_FILE.exists():
        pytest.fail(f"{B24JSSDK} is not here. Install npm (apt install npm), then: make test", pytrace=False)

    def opened(path: str) -> Frame:
        return started(card(path, library="b24jssdk"))

    return opened


def started(frame: Frame) -> Frame:
    frame.evaluate("async () => { window.b24 = await B24Js.initializeB24Frame(); }")
    return frame


def panel(page: Page) -> Locator:
    return page.locator("#panel")


@pytest.mark.parametrize(
    ("path", "user", "placement", "item"),
    [
        (TAB, "admin", "CRM_DEAL_DETAIL_TAB", "7045"),
        (FIELD, "restricted", "USERFIELD_TYPE", "7045"),
        (OWN, "restricted", "DEFAULT", None),
    ],
)
def test_the_script_starts_and_knows_where_it_is_and_who_looks(b24, path, user, placement, item):
    told = b24(f"{path}&user={user}").evaluate("""async () => ({
      lang: b24.getLang(), admin: b24.auth.isAdmin, placement: b24.placement.title, options: b24.placement.options,
      first: b24.isFirstRun, install: b24.isInstallMode, member: b24.auth.getAuthData().member_id,
      who: (await b24.actions.v2.call.make({ method: "profile" })).getData().result.ID,
    })""")
    assert (told["lang"], told["placement"], told["first"], told["install"]) == ("en", placement, False, False)
    assert (told["admin"], told["who"]) == ((True, "1") if user == "admin" else (False, "3"))
    assert (told["options"] or {}).get("ENTITY_VALUE_ID" if placement == "USERFIELD_TYPE" else "ID") == item
    assert len(told["member"]) == 32


def test_a_renewed_token_is_another_one_and_is_taken(b24):
    fresh = b24(TAB).evaluate("""async () => {
      const old = b24.auth.getAuthData().access_token;
      const { access_token: now } = await b24.auth.refreshAuth();
      const answer = await b24.actions.v2.call.make({ method: "user.current" });
      return [old !== now, answer.isSuccess];
    }""")
    assert fresh == [True, True]


def test_lists_and_batches_come_back_whole(b24, origin):
    httpx.post(f"{origin}/_sandbox/portals/1", json={"add_contacts": 80}, timeout=PATIENCE).raise_for_status()
    ids, title = b24(OWN).evaluate("""async () => {
      const list = { method: "crm.item.list", params: { entityTypeId: 3, select: ["id"] } };
      const listed = await b24.actions.v2.callList.make({ ...list, idKey: "id", customKeyForResult: "items" });
      const calls = { deal: { method: "crm.item.get", params: { entityTypeId: 2, id: 7045 } } };
      const done = await b24.actions.v2.batch.make({ calls });
      return [listed.getData().map(({ id }) => id), done.getData().deal.item.title];
    }""")
    assert ids == sorted(set(ids))
    assert ids[-80:] == list(range(1001, 1081))
    assert title == "Поставка окон"


def test_the_frame_becomes_as_high_as_its_page_asks(b24, page):
    size = b24(TAB).evaluate("() => b24.parent.resizeWindow(700, 345)")
    assert size["height"] == 345
    expect(page.locator("#frame")).to_have_attribute("data-frame-height", "345")


def test_a_field_takes_a_value_and_gives_it_back(b24):
    told = b24(EDITED).evaluate("""async () => {
      const { command } = await b24.placement.getInterface();
      await b24.placement.setValue({ chat: 17 });
      return [command, await b24.placement.call("getValue")];
    }""")
    assert told == [["setValue", "getValue"], '{"chat":17}']


def test_a_bound_event_is_heard_each_time(b24, page):
    frame = b24(TAB)
    # The script takes an answer within its first second for the end of the binding, and so is
    # waited for.
    frame.evaluate("() => { window.times = 0; return b24.placement.bindEvent('BX24Event', () => { times += 1; }); }")
    for _ in range(2):
        page.locator("#event button").click()
    frame.wait_for_function("times === 2")


def test_the_apps_own_page_changes_the_title_of_the_page_around_it(b24, page):
    b24(OWN).evaluate("() => b24.parent.setTitle('Chats')")
    assert page.title() == "Chats"


def test_an_option_is_there_at_the_next_opening(b24, page):
    b24(f"{OWN}&user=admin").evaluate("() => b24.options.appSet('colour', 'green')")
    frame = b24(f"{TAB}&user=rep")
    assert frame.evaluate("() => b24.options.appGet('colour')") == "green"
    frame.evaluate("() => b24.options.userSet('size', 'small')")
    frame.evaluate("() => { b24.options.appSet('colour', 'red'); }")
    expect(page.locator("#log .is-refused")).to_contain_text("only an administrator")
    seen = b24(TAB).evaluate("() => [b24.options.userGet('size'), b24.options.appGet('colour')]")
    assert seen == ["small", "green"]
    of_another = b24(f"{TAB}&user=restricted")
    assert of_another.evaluate("() => { try { b24.options.userGet('size') } catch { return 'none' } }") == "none"


CHOICES = (
    ("selectUser()", ["Роман Продажин"], "choice.id + choice.name === '2Роман Продажин' && !choice.sub"),
    ("selectUsers()", ["Анна Админова", "Роман Продажин"], "choice.map(({ id }) => id).join() === '1,2'"),
    ("selectAccess(['U1'])", ["Отдел продаж"], "choice.length === 1 && choice[0].id === 'DR5'"),
    (
        "selectCRM({ entityType: ['contact', 'company'], multiple: true, value: { contact: [42] } })",
        ["Окна Амура"],
        "choice.contact[0].id === 'C_42' && choice.company[0].url === '/crm/company/details/15/'",
    ),
)


def test_a_dialog_of_the_portal_answers_with_the_choice(b24, page):
    frame = b24(f"{TAB}&user=admin")
    dialog = page.locator("#choice")
    for asked, names, expected in CHOICES:
        frame.evaluate(f"() => {{ window.choosing = b24.dialog.{asked}; }}")
        for name in names:
            dialog.get_by_text(name, exact=True).click()
        dialog.get_by_role("button", name="✓").click()
        assert frame.evaluate(f"async () => {{ const choice = await choosing; return {expected}; }}"), asked


def test_calls_and_chats_open_in_the_portal(b24, page):
    frame = b24(TAB)
    for asked, shown in (
        ("imOpenMessenger('chat17')", "chat17"),
        ("imOpenHistory('imol|a|1|2|3')", "imol|a|1|2|3"),
        ("imCallTo(2, true)", "2, video"),
        ("imPhoneTo('+7 961 951-00-00')", "+7 961 951-00-00"),
    ):
        frame.evaluate(f"() => {{ b24.parent.{asked}; }}")
        expect(panel(page)).to_contain_text(shown)


def test_the_application_opens_over_a_card_with_what_it_was_given(b24, page, app: SmallestApp):
    frame = b24(f"{TAB}&user=admin")
    frame.evaluate("""() => {
      window.shut = b24.slider.openSliderAppPage({ place: "line", line: 3, quiet: true, bx24_title: "Lines" });
    }""")
    inner = started(framed_in(page))
    assert inner.evaluate("() => b24.placement.options") == {"place": "line", "line": "3", "quiet": "true"}
    assert app.posted[-1]["PLACEMENT"] == "DEFAULT"
    expect(panel(page).get_by_role("heading")).to_have_text("Lines")
    inner.evaluate("() => { b24.slider.closeSliderAppPage(); }")
    expect(panel(page)).to_be_hidden()
    frame.evaluate("() => shut")


def framed_in(page: Page) -> Frame:
    """The app's frame in the slider."""
    page.frame_locator("#panel-page iframe").frame_locator("#frame iframe").get_by_text("the app").wait_for()
    slider = page.query_selector("#panel-page iframe")
    portal = slider.content_frame() if slider else None
    element = portal.query_selector("#frame iframe") if portal else None
    frame = element.content_frame() if element else None
    assert frame
    frame.wait_for_load_state()
    return frame


def test_a_card_opens_over_a_card_and_says_when_it_is_closed(b24, page):
    frame = b24(TAB)
    frame.evaluate("() => { window.shut = b24.slider.openPath(b24.slider.getUrl('/crm/contact/details/42/')); }")
    expect(page.frame_locator("#panel-page iframe").get_by_role("heading", level=1)).to_have_text("Иван Петров")
    page.locator("#panel-close").click()
    assert frame.evaluate("() => shut") == {"isOpenAtNewWindow": False, "isClose": True}

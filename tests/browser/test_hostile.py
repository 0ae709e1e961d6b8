"""What people and strangers write is shown as they wrote it, and never becomes a part of the
page."""

from playwright.sync_api import expect

from tests.browser.pages import IVAN, ORDERS, SENT, Card
from tests.stand import Outside

IMAGE = "<img src=x onerror=alert(1)>"
NASTY = """<img src=x onerror="window.__xss=1"><script>window.__xss=1</script>'"`{{7*7}}</template></div>"""
ADDRESS = 'http://example.com/"onmouseover="window.__xss=1 javascript:window.__xss=1'


def untouched(card: Card) -> bool:
    made = card.inside.evaluate(
        "() => document.querySelectorAll('img:not(.thumbnail, .media-shown), script:not([src]), [onerror]').length"
    )
    return made == 0 and card.inside.evaluate("() => window.__xss") is None


def test_markup_in_names_and_phones_is_text(card: Card) -> None:
    card.open("/crm/deal/details/7049/").reveal()

    expect(card.row(ORDERS)).to_contain_text(f"{IMAGE} Хакер")
    expect(card.rows.locator(".number").last).to_have_text(IMAGE)
    card.open_chat(ORDERS)
    expect(card.chat).to_contain_text(f"{IMAGE} Хакер")
    assert untouched(card)


def test_markup_in_messages_of_either_side_is_text(card: Card, outside: Outside) -> None:
    card.open().reveal().open_chat(ORDERS)

    outside.answer_as_client("+79261112233", NASTY)
    outside.answer_as_client("+79261112233", ADDRESS)
    card.send(NASTY)

    expect(card.bubble(NASTY)).to_have_count(2)
    expect(card.bubbles.locator(SENT)).to_have_count(1)
    expect(card.messages).to_contain_text(ADDRESS)
    for link in card.messages.get_by_role("link").all():
        assert (link.get_attribute("href") or "").startswith("http://example.com/")
        link.hover()
    assert untouched(card)


def test_markup_in_old_messages_and_quotes_is_text(card: Card) -> None:
    card.open().reveal().open_chat(IVAN)

    expect(card.messages.locator("p", has_text="<b>hi</b> <script>alert(1)</script>")).to_be_attached()
    expect(card.messages.locator("blockquote", has_text="<b>hi</b> <script>alert(1)</script>")).to_be_attached()
    assert untouched(card)


def test_a_draft_with_markup_comes_back_as_text(card: Card) -> None:
    card.open().reveal().open_chat(ORDERS).write(NASTY).close_chat().open_chat(ORDERS)

    expect(card.composer).to_have_value(NASTY)
    assert untouched(card)

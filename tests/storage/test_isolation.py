"""Two portals never see each other's rows, though their users, phones, sessions and keys are the
same."""

from widget.storage.tokens import Token

PHONE = "+79619510000"


def test_tokens_belong_to_one_user_of_one_portal(store):
    store.tokens.put(store.one, 2, Token("a1", "r1", 1.0))
    assert store.tokens.find(store.two, 2) is None
    assert store.tokens.find(store.one, 3) is None
    store.tokens.put(store.two, 2, Token("a2", "r2", 2.0))
    assert store.tokens.find(store.one, 2) == Token("a1", "r1", 1.0)
    store.tokens.drop(store.two, 2)
    assert store.tokens.find(store.two, 2) is None
    assert store.tokens.find(store.one, 2) == Token("a1", "r1", 1.0)


def test_lines_are_listed_for_their_own_portal_only(store):
    assert [line.id for line in store.lines.of(store.one)] == [store.line_one]
    assert [line.id for line in store.lines.of(store.two)] == [store.line_two]
    assert store.lines.of(99) == ()


def test_the_same_line_in_two_portals_is_two_lines(store):
    assert store.line_one != store.line_two
    assert store.add_line(store.one) == store.line_one
    store.add_line(store.one, key="changed")
    assert store.lines.of(store.two)[0].key == "gateway-key"


def test_a_chat_is_found_by_its_own_portal_only(store):
    chat, _new = store.chats.remember(store.one, store.line_one, PHONE)
    assert store.chats.get(store.one, chat.id) == chat
    assert store.chats.get(store.two, chat.id) is None
    assert store.chats.of_phones(store.two, [PHONE]) == []
    other, new = store.chats.remember(store.two, store.line_two, PHONE, proved=True)
    assert new
    assert other.id != chat.id
    assert not store.chats.get(store.one, chat.id).proved


def test_a_send_key_is_known_to_its_own_portal_only(store):
    one, _new = store.chats.remember(store.one, store.line_one, PHONE)
    two, _new = store.chats.remember(store.two, store.line_two, PHONE)
    first, new_first = store.sends.begin(store.one, one.id, send_key="k", user_id=1, text="first", message_id="M1")
    second, new_second = store.sends.begin(store.two, two.id, send_key="k", user_id=1, text="second", message_id="M2")
    assert new_first
    assert new_second
    assert store.sends.by_key(store.one, "k") == first
    assert store.sends.by_key(store.two, "k") == second
    assert store.sends.recent(store.two, one.id, 0.0) == []


def test_a_portals_settings_are_its_own(store):
    before = store.portals.get(store.two)
    store.portals.move(store.one, domain="new.example", endpoint="https://new.example/rest/")
    assert store.portals.get(store.two) == before

from tests.stand import Clock
from widget.storage.lines import Lines
from widget.storage.portals import REMEMBERED_SECONDS, Portals, PortalState, Visibility


def test_a_portal_is_found_by_its_member_id_and_hides_its_cards_at_first(store):
    portal = store.portals.find("one")
    assert (portal.id, portal.domain, portal.country) == (store.one, "one.example", "RU")
    assert portal.visibility is Visibility.BUTTON
    assert portal.origin == "https://one.example"
    assert store.portals.find("nobody") is None
    assert store.portals.get(99) is None


def test_adding_a_portal_again_corrects_it_and_keeps_its_setting(store):
    store.portals.set_visibility(store.one, Visibility.ALWAYS)
    again = store.portals.add(member_id="one", domain="x.example", endpoint="https://x.example/rest/", country="KZ")
    assert (again.id, again.domain, again.country, again.visibility) == (
        store.one,
        "x.example",
        "KZ",
        Visibility.ALWAYS,
    )
    assert len(store.portals.all()) == 2


def test_a_change_is_seen_at_once_here_and_soon_in_other_processes(store, clock):
    elsewhere = Portals(store.engine, store.secret_box, clock)
    assert elsewhere.find("one").visibility is Visibility.BUTTON
    store.portals.set_visibility(store.one, Visibility.FACTS)
    assert store.portals.find("one").visibility is Visibility.FACTS
    assert store.portals.get(store.one).visibility is Visibility.FACTS
    clock.forward(REMEMBERED_SECONDS)
    assert elsewhere.find("one").visibility is Visibility.FACTS


class Hurrying(Clock):
    """Each look at it takes more than half of what is remembered."""

    def __call__(self) -> float:
        self.forward(0.6 * REMEMBERED_SECONDS)
        return self.now


def test_a_portal_and_its_lines_are_there_while_what_is_remembered_of_them_ends(store):
    portals, lines = (kind(store.engine, store.secret_box, Hurrying()) for kind in (Portals, Lines))
    for _ in range(4):
        assert portals.get(store.one).domain == "one.example"
        assert [line.portal_id for line in lines.of(store.one)] == [store.one]


def test_a_portal_added_a_moment_ago_is_found_by_who_just_missed_it(store):
    assert store.portals.find("three") is None
    store.portals.add(member_id="three", domain="3.example", endpoint="http://3.example:8001/rest/", country="RU")
    assert store.portals.find("three").origin == "http://3.example:8001"


def test_the_id_of_a_deleted_portal_is_never_given_again(store):
    """Sessions and caches know a portal by its id, and outlive it."""
    last = max(portal.id for portal in store.portals.all())
    store.portals.delete(last)
    new = store.portals.add(member_id="new", domain="n.example", endpoint="https://n.example/rest/", country="RU")
    assert new.id > last


def test_a_removed_portal_is_not_closed_by_a_call_that_was_under_way(store):
    store.portals.mark_removed(store.one)
    store.portals.close(store.one, "application_not_found")
    assert store.portals.get(store.one).state is PortalState.REMOVED

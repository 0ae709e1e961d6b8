import pytest

from widget.storage.presences import Presences

DAY = 86_400


@pytest.fixture
def presences(store):
    return Presences(store.engine, store.clock)


def test_a_record_is_kept_until_its_time(presences, store, clock):
    presences.put_many(store.one, "whatsapp", {"a": (["yes", 1.5], clock() + DAY), "b": (["no"], clock() + 60)})
    assert presences.get_many(store.one, "whatsapp", ["a", "b", "c"]) == {"a": ["yes", 1.5], "b": ["no"]}
    clock.forward(60)
    assert presences.get_many(store.one, "whatsapp", ["a", "b"]) == {"a": ["yes", 1.5]}


def test_the_last_record_of_a_number_holds(presences, store, clock):
    presences.put_many(store.one, "whatsapp", {"a": (["no"], clock() + DAY)})
    presences.put_many(store.one, "whatsapp", {"a": (["yes"], clock() + 30 * DAY)})
    clock.forward(2 * DAY)
    assert presences.get_many(store.one, "whatsapp", ["a"]) == {"a": ["yes"]}


def test_portals_and_networks_share_nothing(presences, store, clock):
    presences.put_many(store.one, "whatsapp", {"a": (["yes"], clock() + DAY)})
    assert presences.get_many(store.two, "whatsapp", ["a"]) == {}
    assert presences.get_many(store.one, "another", ["a"]) == {}


def test_nothing_is_written_for_nothing(presences, store):
    presences.put_many(store.one, "whatsapp", {})
    assert presences.get_many(store.one, "whatsapp", []) == {}


def test_what_is_over_is_deleted_and_nothing_else(presences, store, clock):
    presences.put_many(store.one, "whatsapp", {"a": (["yes"], clock() + DAY), "b": (["no"], clock() + 60)})
    clock.forward(60)
    presences.purge()
    clock.forward(-60)
    assert set(presences.get_many(store.one, "whatsapp", ["a", "b"])) == {"a"}

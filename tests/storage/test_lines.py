from sqlalchemy import text

from widget.storage.lines import REMEMBERED_SECONDS, Lines


def test_a_line_is_listed_oldest_first_with_its_key_opened(store):
    second = store.add_line(store.one, "support", key="other-key")
    assert [(line.id, line.session, line.key) for line in store.lines.of(store.one)] == [
        (store.line_one, "sales", "gateway-key"),
        (second, "support", "other-key"),
    ]


def test_adding_a_line_again_corrects_it(store):
    assert store.add_line(store.one, key="new-key", name="Отдел продаж") == store.line_one
    (line,) = store.lines.of(store.one)
    assert (line.key, line.name) == ("new-key", "Отдел продаж")


def test_lines_with_one_number_are_one_account_whose_limits_outlive_a_line_that_is_removed(store):
    first, second = store.line_one, store.add_line(store.one, "support")
    for line_id in (first, second):
        store.lines.rename(store.one, line_id, name="x", number="+79638477312")
    assert [line.account for line in store.lines.of(store.one)] == [(first, second)] * 2
    store.lines.make_hook(store.one, second)
    hooked = next(line for line in store.lines.of(store.one) if line.id == second)
    assert store.lines.by_hook(hooked.hook_key).budget_key == str(first)
    store.lines.remove(store.one, first)
    assert [line.budget_key for line in store.lines.of(store.one)] == [str(first)]
    store.lines.rename(store.one, second, name="x", number="")
    assert [line.budget_key for line in store.lines.of(store.one)] == [str(second)]


def test_a_line_that_was_switched_off_is_not_listed_until_it_is_added_again(store, clock):
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE lines SET active = false WHERE id = :id"), {"id": store.line_one})
    assert Lines(store.engine, store.secret_box, clock).of(store.one) == ()
    store.add_line(store.one)
    assert [line.id for line in store.lines.of(store.one)] == [store.line_one]


def test_a_new_line_is_seen_at_once_here_and_soon_in_other_processes(store, clock):
    elsewhere = Lines(store.engine, store.secret_box, clock)
    assert len(elsewhere.of(store.one)) == 1
    store.add_line(store.one, "support")
    assert len(store.lines.of(store.one)) == 2
    clock.forward(REMEMBERED_SECONDS)
    assert len(elsewhere.of(store.one)) == 2

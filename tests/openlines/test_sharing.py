"""One company whose portal hangs keeps no other company's messages waiting."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Event

from tests.openlines.conftest import Circle
from tests.stand import PATIENCE, Clock
from widget.openlines.sharing import MAX_REST, Sharing


def test_a_portal_that_hangs_holds_one_thread_which_does_the_rest_of_its_work() -> None:
    sharing, hangs, answers, done = Sharing(Clock()), Event(), Event(), list[int]()

    def hang(number: int) -> bool:
        hangs.set()
        assert answers.wait(PATIENCE)
        done.append(number)
        return True

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(sharing.run, 1, 11, hang)
        assert hangs.wait(PATIENCE)
        for number in (12, 13, 12):
            sharing.run(1, number, hang)  # comes back at once
        sharing.run(2, 21, lambda number: not done.append(number))
        assert done == [21]
        answers.set()
        held.result()
    assert done == [21, 11, 12, 13]


def test_a_portal_that_does_not_answer_is_left_alone_for_longer_and_longer_until_it_does() -> None:
    clock = Clock()
    sharing, asked = Sharing(clock), list[float]()
    for _second in range(600):
        sharing.run(1, 11, lambda _number: bool(asked.append(clock.now)))
        clock.forward(1)
    pauses = [round(after - before) for before, after in pairwise(asked)]
    assert pauses == [5, 10, 20, 40, 80, 120, 120, 120]
    clock.forward(MAX_REST)
    sharing.run(1, 11, lambda _number: True)
    sharing.run(1, 11, lambda _number: bool(asked.append(clock.now)))
    assert asked[-1] == clock.now


def test_a_portal_with_many_chats_that_are_due_leaves_room_for_the_others(circle: Circle) -> None:
    """The clock takes the first chats of each portal, not of all."""
    circle.site.outside.break_portal("http_500", "imconnector.send.messages", times=None)
    circle.client_writes("Добрый день")
    circle.widget.clock.forward(3600)
    (due,) = circle.services.storage.mirrors.due()
    assert due[0] == circle.site.portal.id
    assert circle.services.storage.mirrors.due(of_one_portal=0) == []

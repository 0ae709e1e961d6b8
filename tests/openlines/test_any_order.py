"""In any order, with doubling, delay and loss: at the end the client's chat and the open line's are
the same."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.openlines.conftest import Circle
from tests.stand import examples
from tests.webhooks.gateways import about, written
from widget.gateways.base import EventKind, GatewayEvent

POST, SAY, DELIVERED = "imconnector.send.messages", "im.message.add", "imconnector.send.status.delivery"
PORTAL_FAULTS = [
    (fault, method) for fault in ("cut", "http_500", "silence") for method in (POST, SAY, DELIVERED, "batch")
]
GATEWAY_FAULTS = ["cut", "http_500"]
EVENTS = [f"ONIMCONNECTORMESSAGE{what}" for what in ("ADD", "UPDATE", "DELETE")]
HOW = ["", "", "twice", "held", "lost"]


@dataclass
class Confusion:
    """Two chats, everything between them that is on its way, and what ought to stand in both."""

    circle: Circle
    chance: random.Random
    webhooks: list[GatewayEvent] = field(default_factory=list)
    letters: list[dict[str, str]] = field(default_factory=list)
    clients: dict[str, str | None] = field(default_factory=dict)  # by name; None is taken back
    ours: dict[str, str | None] = field(default_factory=dict)  # from the card, by send key
    operators: dict[int, str | None] = field(default_factory=dict)  # by the messenger's id
    phones: list[str] = field(default_factory=list)
    count: int = 0

    def step(self) -> None:
        self.circle.widget.clock.forward(2)
        self.circle.site.change(events={event: self.chance.choice(HOW) for event in EVENTS})
        self.circle.site.outside.heal()
        if self.chance.random() < 0.5:
            self.circle.site.outside.break_portal(*self.chance.choice(PORTAL_FAULTS))
        if self.chance.random() < 0.2:
            self.circle.site.outside.break_gateway(self.chance.choice(GATEWAY_FAULTS), "send")
        deeds = [self.client_writes, self.client_changes, self.rep_writes, self.operator_writes, self.operator_changes]
        more = [self.client_writes, self.operator_writes, self.phone_writes, self.closes, self.rep_changes]
        self.chance.choice([*deeds, *more])()
        self.letters += self.circle.site.letters()
        self.deliver(self.chance.random())

    def deliver(self, share: float = 1.0) -> None:
        """So much of what is on its way arrives, in any order; some of it will come once more."""
        self.chance.shuffle(self.webhooks)
        self.chance.shuffle(self.letters)
        for kept, arrive in ((self.webhooks, self.circle.hear), (self.letters, self.circle.site.post)):
            for _ in range(round(len(kept) * share)):
                one: Any = kept.pop()
                arrive(one)
                if self.chance.random() < 0.3 and share < 1.0:
                    kept.append(one)

    def text(self, who: str) -> str:
        self.count += 1
        return f"{who} {self.count}"

    def client_writes(self) -> None:
        text = self.text("client")
        name = f"N{self.count}"
        self.clients[name] = text
        self.webhooks.append(written(name, text, at=self.circle.widget.clock.now))

    def client_changes(self) -> None:
        name = self.chance.choice([name for name, text in self.clients.items() if text] or [""])
        if not name:
            return
        taken_back = self.chance.random() < 0.3
        self.clients[name] = None if taken_back else self.text("changed")
        kind = EventKind.DELETED if taken_back else EventKind.EDITED
        self.webhooks.append(about(kind, name, at=self.circle.widget.clock.now, text=self.clients[name] or ""))

    def rep_writes(self) -> None:
        text, key = self.text("rep"), f"k{self.count}"
        self.ours[key] = text
        self.circle.rep_writes(text, key)

    def rep_changes(self) -> None:
        key = self.chance.choice([key for key, text in self.ours.items() if text] or [""])
        text = None if self.chance.random() < 0.3 else self.text("changed")
        if key and self.circle.rep_changes(key, text):
            self.ours[key] = text

    def operator_writes(self) -> None:
        if self.circle.centre["chats"]:
            text = self.text("operator")
            self.circle.press("say", text=text)
            self.operators[self.circle.mirrored["messages"][-1]["id"]] = text

    def operator_changes(self) -> None:
        im_id = self.chance.choice([im_id for im_id, text in self.operators.items() if text] or [0])
        if not im_id:
            return
        taken_back = self.chance.random() < 0.3
        self.operators[im_id] = None if taken_back else self.text("changed")
        if taken_back:
            self.circle.press("delete", message=im_id)
        else:
            self.circle.press("edit", message=im_id, text=self.operators[im_id])

    def phone_writes(self) -> None:
        self.phones.append(self.text("phone"))
        event = written(f"N{self.count}", self.phones[-1], at=self.circle.widget.clock.now, from_me=True)
        self.webhooks.append(event)

    def closes(self) -> None:
        """Only with nothing of the session on its way: what a closed one lost is not read any
        more."""

    def end(self) -> None:
        """Nothing fails any more, gateways have told all that they had to tell, and ten minutes go
        by."""
        self.circle.site.outside.heal()
        self.circle.site.change(events={})
        self.letters += self.circle.site.letters()
        self.deliver()
        for _ in range(6):
            self.circle.later(125)


def _last_line(text: str) -> str:
    return text.rpartition("\n")[2]


@pytest.mark.parametrize("seed", range(4))
def test_any_order_doubling_delay_and_loss_end_in_the_same_two_chats(circle: Circle, seed: int) -> None:
    circle.open_card()
    for each in range(examples(1)):
        world = Confusion(circle, random.Random(seed + 1000 * each))
        for _ in range(25):
            world.step()
        world.end()
        operators = [text for text in world.operators.values() if text]
        ours = [text for text in world.ours.values() if text]
        assert Counter(circle.at_client) == Counter(operators + ours)
        alive = [text for text in world.clients.values() if text]
        there = [_last_line(text) for author, text in circle.said if not text.startswith("Не доставлено")]
        assert Counter(there) == Counter(alive + operators + ours + world.phones)
        queue = circle.services.storage.mirrors.queues(circle.site.portal.id)[circle.line_id]
        assert (queue.waiting, queue.failed, queue.error) == (0, 0, "")

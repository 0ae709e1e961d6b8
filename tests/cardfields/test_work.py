"""Facts of conversations stand in the fields that an administrator chose, and go when they are not
wanted any more."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.stand import CardPage, Clock, Outside, Widget, config_for, start_widget
from tests.waiting.test_list import app_page
from tests.webhooks.gateways import PHONE, Caller, PlainWebhooks, written
from widget.cardfields.talks import facts_of
from widget.storage.card_fields import TalkFact
from widget.storage.chats import Chat

CONTACT, DEAL, PROCESS = 3, 2, 183
TYPES = {"LAST": "datetime", "WAITING": "datetime", "WHATSAPP": "boolean", "OWNER": "employee"}
MINUTE = 60.0


class Portal:
    """A portal with custom fields on three kinds of cards, and one client who writes."""

    def __init__(self, widget: Widget) -> None:
        self.widget, self.services, self.id = widget, widget.services, widget.portals[0]
        self.gateway = Caller(widget)
        self.admin = app_page(widget, "admin")
        self.services.storage.portals.set_installer(self.id, 1)
        for owner in ("CRM_CONTACT", "CRM_DEAL", f"CRM_{self._row_of(PROCESS)}"):
            for name, kind in TYPES.items():
                field = {"entityId": owner, "fieldName": f"UF_{owner}_TALK_{name}", "userTypeId": kind}
                self.services.bitrix24.rest.call(
                    self._portal, 1, "userfieldconfig.add", {"moduleId": "crm", "field": field}
                )
        self.row = self._row_of(PROCESS)

    @property
    def _portal(self) -> Any:
        return self.services.storage.portals.get(self.id)

    def _row_of(self, kind: int) -> int:
        listed = self.services.bitrix24.rest.call(self._portal, 1, "crm.type.list", {})
        return next(int(each["id"]) for each in listed["types"] if each["entityTypeId"] == kind)

    def field(self, kind: int, fact: str) -> str:
        owner = {CONTACT: "Contact", DEAL: "Deal"}.get(kind, str(self.row))
        return f"ufCrm{owner}Talk{fact.capitalize()}"

    def choose(self, *kinds: int) -> CardPage:
        wanted = {f"{kind}.{fact.value}": self.field(kind, fact.value) for kind in kinds for fact in TalkFact}
        return self.admin.post("/app/fields", wanted)

    def round(self, *, after: float = MINUTE) -> None:
        self.widget.clock.forward(after)
        self.job("card-fields")

    def job(self, wanted: str) -> None:
        for name, _times, work in self.services.jobs._timed:
            if name == wanted:
                work()

    def shown(self, kind: int, item_id: int) -> dict[str, Any]:
        params = {"entityTypeId": kind, "id": item_id}
        item = self.services.bitrix24.rest.call(self._portal, 1, "crm.item.get", params)["item"]
        return {fact.value: item.get(self.field(kind, fact.value)) for fact in TalkFact}

    @property
    def writes(self) -> int:
        return self.widget.outside.calls("portal").get("crm.item.update", 0)


@pytest.fixture
def portal(outside: Outside, clock: Clock, empty_database: str) -> Portal:
    config = config_for(outside, empty_database)
    return Portal(start_widget(outside, config, clock, webhooks={"waha": PlainWebhooks()}))


def moment(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).isoformat()


def test_what_is_known_of_a_conversation_stands_in_the_clients_cards(portal: Portal, outside: Outside) -> None:
    begun = portal.widget.clock()
    portal.gateway.tell(written("C1", at=begun))
    portal.round()
    assert portal.writes == 0  # nothing was chosen
    assert "ufCrmDealTalkLast" in portal.admin.post("/app/fields/look", {}).text
    portal.choose(CONTACT, DEAL, PROCESS)
    portal.round()
    told = {"last": moment(begun), "waiting": moment(begun), "whatsapp": "Y", "owner": None}
    assert portal.shown(CONTACT, 42) == told
    assert portal.shown(DEAL, 7045) == told
    written_once = portal.writes
    portal.round()
    assert portal.writes == written_once  # nothing is new

    chat = portal.gateway.chat()
    portal.services.storage.conversations.waits.own(chat, 2, at=begun)
    portal.services.storage.conversations.waits.waive(chat, 2, until=begun + 1)
    portal.services.chats.service._conversations.waits.recounted(
        portal.gateway.chat(), since=0.0, theirs_at=begun, answered_at=0.0
    )
    portal.round()
    assert portal.shown(DEAL, 7045) == {**told, "waiting": None, "owner": 2}
    assert outside.heard() == {}


def test_a_card_is_written_into_once_a_minute_and_with_the_newest(portal: Portal) -> None:
    portal.choose(CONTACT)
    portal.gateway.tell(written("C1", at=portal.widget.clock()))
    portal.round()
    cards = portal.writes  # that the client has
    portal.gateway.tell(written("C2", at=portal.widget.clock()))
    portal.round(after=20)
    assert portal.writes == cards
    portal.gateway.tell(written("C3", at=portal.widget.clock()))
    newest = portal.widget.clock()
    portal.round(after=45)
    assert (portal.writes, portal.shown(CONTACT, 42)["last"]) == (2 * cards, moment(newest))


def test_a_portal_that_is_down_is_told_later_and_nothing_is_lost(portal: Portal, outside: Outside) -> None:
    portal.choose(CONTACT)
    at = portal.widget.clock()
    portal.gateway.tell(written("C1", at=at))
    outside.break_portal("http_500", "*", times=None)
    portal.round()
    portal.round()
    outside.heal()
    portal.round()
    portal.round(after=300)
    assert portal.shown(CONTACT, 42)["last"] == moment(at)


def test_an_old_conversation_that_has_another_owner_is_told_within_the_hour(portal: Portal) -> None:
    portal.choose(CONTACT)
    portal.gateway.tell(written("C1", at=portal.widget.clock()))
    portal.round()
    portal.round(after=72 * 60 * MINUTE)
    portal.services.storage.conversations.waits.own(portal.gateway.chat(), 2, at=portal.widget.clock())
    portal.round()
    assert portal.shown(CONTACT, 42)["owner"] is None  # a round of each minute looks at the last days alone
    portal.job("card-fields-behind")
    portal.round()
    assert portal.shown(CONTACT, 42)["owner"] == 2


def test_without_a_field_what_was_there_before_is_put_back(portal: Portal, outside: Outside) -> None:
    name = portal.field(CONTACT, "last")
    before = "2020-01-01T00:00:00+00:00"
    change = {"entityTypeId": CONTACT, "id": 42, "fields": {name: before}}
    outside.http.post(f"{outside.portal}/_sandbox/portals/1", json={"change_item": change}).raise_for_status()
    portal.choose(CONTACT)
    portal.gateway.tell(written("C1", at=portal.widget.clock()))
    portal.round()
    assert portal.shown(CONTACT, 42)["last"] != before
    assert portal.choose().answer.status_code == 200
    outside.break_portal("http_500", "crm.item.update", times=1)
    portal.round()
    portal.round(after=700)
    assert portal.shown(CONTACT, 42) == {"last": before, "waiting": None, "whatsapp": "N", "owner": None}
    assert portal.services.storage.card_fields.to_put_back(portal.id) == []


def test_a_card_that_was_closed_tells_of_no_client_who_was_answered_since_and_its_kind_can_be_left_out(
    portal: Portal, outside: Outside
) -> None:
    portal.choose(CONTACT, DEAL)
    portal.gateway.tell(written("C1", at=portal.widget.clock()))
    portal.round()
    change = {"entityTypeId": DEAL, "id": 7045, "fields": {"closed": "Y"}}
    outside.http.post(f"{outside.portal}/_sandbox/portals/1", json={"change_item": change}).raise_for_status()
    answered = portal.widget.clock()
    portal.gateway.tell(written("L1", at=answered, from_me=True))
    portal.round()
    told = {"last": moment(answered), "waiting": None, "whatsapp": "Y", "owner": None}
    assert portal.shown(DEAL, 7045) == told
    portal.choose(CONTACT)
    portal.round()
    assert portal.shown(DEAL, 7045) == {"last": None, "waiting": None, "whatsapp": "N", "owner": None}
    assert portal.shown(CONTACT, 42) == told


def test_a_card_tells_nothing_of_a_client_who_is_in_it_no_more(portal: Portal, outside: Outside) -> None:
    portal.choose(CONTACT)
    portal.gateway.tell(written("C1", at=portal.widget.clock()))
    portal.round()
    assert portal.shown(CONTACT, 42)["waiting"]
    gone = {"entityTypeId": CONTACT, "id": 42, "fields": {"fm": []}}
    outside.http.post(f"{outside.portal}/_sandbox/portals/1", json={"change_item": gone}).raise_for_status()
    portal.round(after=60 * MINUTE)
    assert portal.shown(CONTACT, 42) == {"last": None, "waiting": None, "whatsapp": "N", "owner": None}
    told = outside.calls("portal")
    portal.round()
    assert outside.calls("portal") == told  # until the hour is over


def test_a_card_that_may_not_be_read_now_keeps_what_its_fields_held_before(portal: Portal, outside: Outside) -> None:
    portal.choose(CONTACT)
    portal.gateway.tell(written("C1", at=portal.widget.clock()))
    portal.round()
    held = portal.services.storage.card_fields.filled(portal.id, CONTACT, 42)
    assert held.written
    outside.break_portal("ACCESS_DENIED", "batch:crm.item.get", times=None)
    portal.round(after=60 * MINUTE)
    assert portal.services.storage.card_fields.filled(portal.id, CONTACT, 42).written == held.written


def test_our_own_write_makes_no_card_be_read_anew_and_anothers_does(portal: Portal) -> None:
    own = portal.services.webhooks.receiver._own_writes
    own.expect(portal.id, CONTACT, 42)
    assert own.is_ours(portal.id, CONTACT, 42)
    assert not own.is_ours(portal.id, CONTACT, 42)


@pytest.mark.parametrize("name", ["title", "ufCrmNobody", "ufCrmDealTalkOwner"])
def test_only_a_field_that_holds_the_fact_can_be_chosen(portal: Portal, name: str) -> None:
    assert portal.admin.post("/app/fields", {"2.last": name}).answer.status_code == 422
    assert portal.services.storage.card_fields.of(portal.id) == {}


def test_what_is_not_known_of_presence_is_not_told() -> None:
    empty = Chat(1, 1, 1, PHONE, (), False, 0.0)
    assert facts_of([empty], None) == {TalkFact.LAST: "", TalkFact.WAITING: "", TalkFact.OWNER: ""}
    assert facts_of([empty], False)[TalkFact.WHATSAPP] == "N"

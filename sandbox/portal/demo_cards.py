"""The lines of the index: which cards are worth opening, and what each is there to show."""

from dataclasses import dataclass

from .cards import PortalCard
from .items import COMPANY, CONTACT, DEAL, LEAD, QUOTE, SMART_INVOICE, SMART_PROCESS
from .state import SandboxPortalState


@dataclass(frozen=True)
class DemoCard:
    entity_type_id: int
    item_id: int
    ru: str
    en: str

    @property
    def card(self) -> PortalCard:
        return PortalCard(self.entity_type_id, self.item_id)

    def says(self, lang: str) -> str:
        return self.ru if lang == "ru" else self.en


SHOWN = {
    1: (
        DemoCard(
            DEAL,
            7045,
            ru="шесть номеров двух людей и компании; один записан дважды, один с добавочным",
            en="six numbers of two people and a company; one typed twice, one with an extension",
        ),
        DemoCard(DEAL, 7046, ru="25 номеров, из них показываются 10", en="25 numbers, of which 10 are shown"),
        DemoCard(DEAL, 7047, ru="контакт без телефонов", en="a contact without phones"),
        DemoCard(
            DEAL,
            7048,
            ru="контакт, который не виден продавцу с ограничениями",
            en="a contact that the restricted rep may not read",
        ),
        DemoCard(DEAL, 7049, ru="разметка в имени и в телефоне", en="markup in a name and in a phone"),
        DemoCard(DEAL, 0, ru="карточка ещё не сохранена", en="a card that is not saved yet"),
        DemoCard(
            LEAD,
            501,
            ru="собственный номер из Казахстана и контакт в Минске",
            en="a number of its own from Kazakhstan, and a contact in Minsk",
        ),
        DemoCard(CONTACT, 42, ru="человек: свои номера, факс, компания", en="a person: own numbers, a fax, a company"),
        DemoCard(
            CONTACT,
            43,
            ru="человек с номером, который не может быть верным",
            en="a person with a number that cannot be right",
        ),
        DemoCard(CONTACT, 44, ru="не виден продавцу с ограничениями", en="hidden from the restricted rep"),
        DemoCard(COMPANY, 15, ru="городской, мобильный и два человека", en="a landline, a mobile and two people"),
        DemoCard(
            QUOTE,
            31,
            ru="Минск и Киев; привязана и наша собственная фирма",
            en="Minsk and Kyiv; our own firm is linked too",
        ),
        DemoCard(
            SMART_INVOICE,
            88,
            ru="Ташкент; WhatsApp знает его по id, а не по номеру",
            en="Tashkent; known to WhatsApp by an id instead of the number",
        ),
        DemoCard(
            SMART_PROCESS,
            12,
            ru="Германия, Британия, США, Бразилия, Индия",
            en="Germany, Britain, the United States, Brazil, India",
        ),
    ),
    2: (
        DemoCard(
            DEAL,
            7045,
            ru="другая компания, которая знает один из тех же номеров",
            en="another company that knows one of the same numbers",
        ),
        DemoCard(CONTACT, 42, ru="человек из этой сделки", en="the person of that deal"),
    ),
}


def shown_in(state: SandboxPortalState) -> list[DemoCard]:
    """The cards worth opening that are still there, and the item of each smart process that was
    made by hand."""
    seeded = [shown for shown in SHOWN[state.portal.number] if state.has_card(shown.card)]
    made = [each for each in state.types if (each.entity_type_id, 1) in state.crm]
    of_types = [
        DemoCard(each.entity_type_id, 1, ru=f"смарт-процесс «{each.title}»", en=f"the smart process “{each.title}”")
        for each in made
    ]
    return seeded + of_types

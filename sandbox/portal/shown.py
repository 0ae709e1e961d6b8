"""The lines of the index: which cards are worth opening, and what each is there to show."""

from dataclasses import dataclass

from .cards import Card
from .items import COMPANY, CONTACT, DEAL, LEAD, QUOTE, SMART_INVOICE, SMART_PROCESS
from .state import PortalState


@dataclass(frozen=True)
class Shown:
    entity_type_id: int
    item_id: int
    ru: str
    en: str

    @property
    def card(self) -> Card:
        return Card(self.entity_type_id, self.item_id)

    def says(self, lang: str) -> str:
        return self.ru if lang == "ru" else self.en


SHOWN = {
    1: (
        Shown(
            DEAL,
            7045,
            ru="шесть номеров двух людей и компании; один записан дважды, один с добавочным",
            en="six numbers of two people and a company; one typed twice, one with an extension",
        ),
        Shown(DEAL, 7046, ru="25 номеров, из них показываются 10", en="25 numbers, of which 10 are shown"),
        Shown(DEAL, 7047, ru="контакт без телефонов", en="a contact without phones"),
        Shown(
            DEAL,
            7048,
            ru="контакт, который не виден продавцу с ограничениями",
            en="a contact that the restricted rep may not read",
        ),
        Shown(DEAL, 7049, ru="разметка в имени и в телефоне", en="markup in a name and in a phone"),
        Shown(DEAL, 0, ru="карточка ещё не сохранена", en="a card that is not saved yet"),
        Shown(
            LEAD,
            501,
            ru="собственный номер из Казахстана и контакт в Минске",
            en="a number of its own from Kazakhstan, and a contact in Minsk",
        ),
        Shown(CONTACT, 42, ru="человек: свои номера, факс, компания", en="a person: own numbers, a fax, a company"),
        Shown(
            CONTACT,
            43,
            ru="человек с номером, который не может быть верным",
            en="a person with a number that cannot be right",
        ),
        Shown(CONTACT, 44, ru="не виден продавцу с ограничениями", en="hidden from the restricted rep"),
        Shown(COMPANY, 15, ru="городской, мобильный и два человека", en="a landline, a mobile and two people"),
        Shown(
            QUOTE,
            31,
            ru="Минск и Киев; привязана и наша собственная фирма",
            en="Minsk and Kyiv; our own firm is linked too",
        ),
        Shown(
            SMART_INVOICE,
            88,
            ru="Ташкент; WhatsApp знает его по id, а не по номеру",
            en="Tashkent; known to WhatsApp by an id instead of the number",
        ),
        Shown(
            SMART_PROCESS,
            12,
            ru="Германия, Британия, США, Бразилия, Индия",
            en="Germany, Britain, the United States, Brazil, India",
        ),
    ),
    2: (
        Shown(
            DEAL,
            7045,
            ru="другая компания, которая знает один из тех же номеров",
            en="another company that knows one of the same numbers",
        ),
        Shown(CONTACT, 42, ru="человек из этой сделки", en="the person of that deal"),
    ),
}


def shown_in(state: PortalState) -> list[Shown]:
    """The cards worth opening that are still there, and the item of each smart process that was made by hand."""
    seeded = [shown for shown in SHOWN[state.portal.number] if state.has_card(shown.card)]
    made = [each for each in state.types if (each.entity_type_id, 1) in state.crm]
    of_types = [
        Shown(each.entity_type_id, 1, ru=f"смарт-процесс «{each.title}»", en=f"the smart process “{each.title}”")
        for each in made
    ]
    return seeded + of_types

"""What is in the two portals: one card for each thing that the widget must be able to show.

"No company" is said in three ways on purpose (0, null, no key at all), because portals do.
"""

from .. import people
from . import typed
from .items import DEAL, QUOTE, SMART_INVOICE, SMART_PROCESS, Item, clients, company, contact, item, lead

Crm = dict[tuple[int, int], Item]
CROWD_FROM = 101  # the ids of the 25 of the tender


def first_portal() -> Crm:
    crowd = range(CROWD_FROM, CROWD_FROM + len(people.CROWD))
    world = [48, 49, 50, 51, 52]
    return _by_key(
        *_contacts(),
        company(15, "Окна Амура", [("WORK", typed.OFFICE), ("MOBILE", typed.ORDERS)], contact_ids=[42, 43]),
        company(99, "Наша фирма", [("WORK", "+7 (495) 999-00-00")]),
        lead(501, "Заявка с сайта", [("MOBILE", typed.AIGERIM)], companyId=None, **clients(45)),
        item(DEAL, 7045, title="Поставка окон", opportunity=480000, companyId=15, **clients(42, 43)),
        item(DEAL, 7046, title="Тендер", opportunity=2500000, companyId=0, **clients(*crowd)),
        item(DEAL, 7047, title="Звонок без номера", companyId=None, **clients(60)),
        item(DEAL, 7048, title="Доставка в Киев", **clients(44, 42)),
        item(DEAL, 7049, title="Разметка <b>в названии</b>", companyId=0, **clients(61)),
        item(QUOTE, 31, title="Предложение № 31", companyId=0, mycompanyId=99, **clients(45, 44)),
        item(SMART_INVOICE, 88, title="Счёт № 88", companyId=None, mycompanyId=99, **clients(46)),
        item(SMART_PROCESS, 12, title="Монтаж за рубежом", **clients(*world)),
    )


def second_portal() -> Crm:
    """Another company that knows one of the same numbers; its ids are the same and mean other
    things."""
    return _by_key(
        contact(42, "Иван Сергеевич", [("MOBILE", typed.IVAN_AGAIN)]),
        item(DEAL, 7045, title="Ремонт офиса", companyId=0, **clients(42)),
    )


def _contacts() -> list[Item]:
    ivan = [("MOBILE", typed.IVAN_MOBILE), ("WORK", typed.OLEG_EXTENSION), ("FAX", typed.FAX)]
    careless = [("MOBILE", typed.TWO_WAYS), ("MOBILE", typed.SPACES), ("HOME", typed.EMPTY_MASK)]
    maria = [("WORK", typed.IVAN_AGAIN), ("MOBILE", typed.MARIA_MOBILE), ("HOME", typed.INVALID)]
    return [
        contact(42, people.IVAN.name, ivan, company_ids=[15], email="ivan@example.com"),
        contact(43, people.MARIA.name, maria, company_ids=[15]),
        contact(44, people.OKSANA.name, [("MOBILE", typed.OKSANA)]),
        contact(45, people.PAVEL.name, [("MOBILE", typed.PAVEL)]),
        contact(46, people.RUSTAM.name, [("WORK", typed.RUSTAM)]),
        contact(48, people.ANNA.name, [("WORK", typed.ANNA)]),
        contact(49, people.JAMES.name, [("MOBILE", typed.JAMES)]),
        contact(50, people.EMILY.name, [("HOME", typed.EMILY)]),
        contact(51, people.JOAO.name, [("MOBILE", typed.JOAO)]),
        contact(52, people.PRIYA.name, [("OTHER", typed.PRIYA)]),
        contact(60, "Пётр Безномерный", []),
        contact(61, f"{typed.MARKUP} Хакер", [("MOBILE", typed.MARKUP), ("WORK", typed.ORDERS)]),
        contact(62, "Раиса Торопливая", [*careless, ("WORK", typed.HINTED), ("HOME", typed.REMARK)]),
        contact(63, "Grace Brewster", [("MOBILE", typed.EMILY), ("WORK", typed.WITHOUT_A_CODE)]),
        *(
            contact(CROWD_FROM + n, client.name, [("MOBILE", typed.russian(client.phone, n))])
            for n, client in enumerate(people.CROWD)
        ),
    ]


def _by_key(*items: Item) -> Crm:
    return {(each["entityTypeId"], each["id"]): each for each in items}


SEED = {1: first_portal(), 2: second_portal()}

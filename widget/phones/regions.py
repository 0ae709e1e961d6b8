"""The regions that the Russian numbering registry knows: how each is called, and what time it is
there.

Names as the registry's "Территория ГАР" column spells them (Ministry of Digital Development, open
data "Реестр российской системы и плана нумерации"); zones from the IANA time zone database
(zone1970.tab; Yakutia and Sakhalin have several). English names as in Wikipedia's list of federal
subjects.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Region:
    ru: str
    en: str
    zones: tuple[str, ...]

    def name(self, language: str) -> str:
        return self.ru if language == "ru" else self.en


# Russian name | English name | IANA zones without "Asia/" and "Europe/"
_TABLE = """
Алтайский край | Altai Krai | Barnaul
Амурская область | Amur Oblast | Yakutsk
Архангельская область | Arkhangelsk Oblast | Moscow
Астраханская область | Astrakhan Oblast | Astrakhan
Белгородская область | Belgorod Oblast | Moscow
Брянская область | Bryansk Oblast | Moscow
Владимирская область | Vladimir Oblast | Moscow
Волгоградская область | Volgograd Oblast | Volgograd
Вологодская область | Vologda Oblast | Moscow
Воронежская область | Voronezh Oblast | Moscow
Донецкая Народная Республика | Donetsk People's Republic | Moscow
Еврейская автономная область | Jewish Autonomous Oblast | Vladivostok
Забайкальский край | Zabaykalsky Krai | Chita
Запорожская область | Zaporozhye Oblast | Moscow
Ивановская область | Ivanovo Oblast | Moscow
Иркутская область | Irkutsk Oblast | Irkutsk
Кабардино-Балкарская Республика | Kabardino-Balkaria | Moscow
Калининградская область | Kaliningrad Oblast | Kaliningrad
Калужская область | Kaluga Oblast | Moscow
Камчатский край | Kamchatka Krai | Kamchatka
Карачаево-Черкесская Республика | Karachay-Cherkessia | Moscow
Кемеровская область | Kemerovo Oblast | Novokuznetsk
Кировская область | Kirov Oblast | Kirov
Костромская область | Kostroma Oblast | Moscow
Краснодарский край | Krasnodar Krai | Moscow
Красноярский край | Krasnoyarsk Krai | Krasnoyarsk
Курганская область | Kurgan Oblast | Yekaterinburg
Курская область | Kursk Oblast | Moscow
Ленинградская область | Leningrad Oblast | Moscow
Липецкая область | Lipetsk Oblast | Moscow
Луганская Народная Республика | Lugansk People's Republic | Moscow
Магаданская область | Magadan Oblast | Magadan
Москва | Moscow | Moscow
Московская область | Moscow Oblast | Moscow
Мурманская область | Murmansk Oblast | Moscow
Ненецкий автономный округ | Nenets Autonomous Okrug | Moscow
Нижегородская область | Nizhny Novgorod Oblast | Moscow
Новгородская область | Novgorod Oblast | Moscow
Новосибирская область | Novosibirsk Oblast | Novosibirsk
Омская область | Omsk Oblast | Omsk
Оренбургская область | Orenburg Oblast | Yekaterinburg
Орловская область | Oryol Oblast | Moscow
Пензенская область | Penza Oblast | Moscow
Пермский край | Perm Krai | Yekaterinburg
Приморский край | Primorsky Krai | Vladivostok
Псковская область | Pskov Oblast | Moscow
Республика Адыгея | Adygea | Moscow
Республика Алтай | Altai Republic | Barnaul
Республика Башкортостан | Bashkortostan | Yekaterinburg
Республика Бурятия | Buryatia | Irkutsk
Республика Дагестан | Dagestan | Moscow
Республика Ингушетия | Ingushetia | Moscow
Республика Калмыкия | Kalmykia | Moscow
Республика Карелия | Karelia | Moscow
Республика Коми | Komi Republic | Moscow
Республика Крым | Crimea | Simferopol
Республика Марий Эл | Mari El | Moscow
Республика Мордовия | Mordovia | Moscow
Республика Саха (Якутия) | Sakha (Yakutia) | Yakutsk Vladivostok Srednekolymsk
Республика Северная Осетия — Алания | North Ossetia–Alania | Moscow
Республика Татарстан | Tatarstan | Moscow
Республика Тыва | Tuva | Krasnoyarsk
Республика Хакасия | Khakassia | Krasnoyarsk
Ростовская область | Rostov Oblast | Moscow
Рязанская область | Ryazan Oblast | Moscow
Самарская область | Samara Oblast | Samara
Санкт-Петербург | Saint Petersburg | Moscow
Саратовская область | Saratov Oblast | Saratov
Сахалинская область | Sakhalin Oblast | Sakhalin Srednekolymsk
Свердловская область | Sverdlovsk Oblast | Yekaterinburg
Севастополь | Sevastopol | Simferopol
Смоленская область | Smolensk Oblast | Moscow
Ставропольский край | Stavropol Krai | Moscow
Тамбовская область | Tambov Oblast | Moscow
Тверская область | Tver Oblast | Moscow
Томская область | Tomsk Oblast | Tomsk
Тульская область | Tula Oblast | Moscow
Тюменская область | Tyumen Oblast | Yekaterinburg
Удмуртская Республика | Udmurtia | Samara
Ульяновская область | Ulyanovsk Oblast | Ulyanovsk
Хабаровский край | Khabarovsk Krai | Vladivostok
Ханты-Мансийский автономный округ — Югра | Khanty-Mansi Autonomous Okrug | Yekaterinburg
Херсонская область | Kherson Oblast | Moscow
Челябинская область | Chelyabinsk Oblast | Yekaterinburg
Чеченская Республика | Chechnya | Moscow
Чувашская Республика | Chuvashia | Moscow
Чукотский автономный округ | Chukotka Autonomous Okrug | Anadyr
Ямало-Ненецкий автономный округ | Yamalo-Nenets Autonomous Okrug | Yekaterinburg
Ярославская область | Yaroslavl Oblast | Moscow
"""
_EUROPE = {"Astrakhan", "Kaliningrad", "Kirov", "Moscow", "Samara", "Saratov", "Simferopol", "Ulyanovsk", "Volgograd"}

# What a name loses before it is compared: the kind of the region, in every spelling seen in the two
# sources.
_KINDS = {"республика", "область", "обл", "край", "автономная", "автономный", "округ", "ао", "город", "г"}

# What is left of other spellings -> what is left of ours.
_SAME = {
    "севернаяосетия": "севернаяосетияалания",
    "саха": "сахаякутия",
    "якутия": "сахаякутия",
    "хантымансийский": "хантымансийскийюгра",
    "кемеровскаякузбасс": "кемеровская",
    "чувашия": "чувашская",
    "чувашскаячувашия": "чувашская",
    "удмуртия": "удмуртская",
    "удмуртскаяудмуртия": "удмуртская",
    "татария": "татарстан",
    "татарстантатарстан": "татарстан",
    "башкирия": "башкортостан",
    "кабардинобалкария": "кабардинобалкарская",
    "карачаевочеркесия": "карачаевочеркесская",
    "марийская": "марийэл",
    "тува": "тыва",
    "читинская": "забайкальский",
    "великийновгородская": "новгородская",
}
_JOINTS = re.compile(r"[*|,]|\sи\s")


@lru_cache(maxsize=1024)
def regions_named(text: str) -> tuple[Region, ...]:
    """The regions in one cell of the registry: «г. Москва * Московская область» is two, «Российская
    Федерация» none.

    Parts that name no region (towns, districts) are left out.
    """
    found = dict.fromkeys(REGIONS.get(_core(part)) for part in _JOINTS.split(text))
    return tuple(region for region in found if region)


def zones_of(regions: Iterable[Region]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(zone for region in regions for zone in region.zones))


def _core(name: str) -> str:
    words = re.findall(r"[а-я]+", name.lower().replace("ё", "е"))
    core = "".join(word for word in words if word not in _KINDS)
    return _SAME.get(core, core)


def _read_table() -> dict[str, Region]:
    regions = {}
    for line in _TABLE.strip().splitlines():
        ru, en, zones = (cell.strip() for cell in line.split("|"))
        full = tuple(("Europe/" if zone in _EUROPE else "Asia/") + zone for zone in zones.split())
        regions[_core(ru)] = Region(ru, en, full)
    return regions


REGIONS = _read_table()

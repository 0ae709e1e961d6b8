"""What `python -m benchmarks.numbers` promises, on one number of each country."""

import random

from benchmarks.numbers import ABROAD, BESIDE, COUNTRIES, PORTALS, SAID, SPELLINGS, shares, spelled


def test_no_mobile_becomes_another_persons_number_where_its_country_is_said_or_the_portals_own() -> None:
    found = spelled(1, random.Random(7))

    said, abroad, beside = (shares(found[kind]) for kind in (SAID, ABROAD, BESIDE))
    assert set(said["wrong_kinds"]) <= {"RU «digits» on BR"}  # 79 is a Brazilian area code, too
    assert said["right"] > 0.97
    assert said["numbers"] + abroad["numbers"] == len(COUNTRIES) * len(PORTALS) * len(SPELLINGS)
    assert 0.97 < said["right"] + said["check"] <= 1
    assert abroad["wrong"] < 0.13  # nothing in such digits says that they are from elsewhere
    assert (beside["wrong"], beside["right"] + beside["check_offers_it"]) == (0, 1)

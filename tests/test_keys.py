import re

from widget.keys import PhoneKeys

PHONE = "+79619510000"


def test_a_key_is_the_same_every_time_and_shows_no_digit_of_the_number():
    key = PhoneKeys("secret").key(1, PHONE)
    assert key == PhoneKeys("secret").key(1, PHONE)
    assert re.fullmatch("[0-9a-f]{24}", key)
    assert "9619510000" not in key


def test_the_same_number_has_another_key_in_every_portal_and_under_every_secret():
    keys = {PhoneKeys(secret).key(portal, PHONE) for secret in ("one", "two") for portal in (1, 2, 11)}
    assert len(keys) == 6


def test_portal_and_number_cannot_be_mixed_up():
    assert PhoneKeys("s").key(1, "1:5") != PhoneKeys("s").key(11, ":5")
    assert PhoneKeys("s").key(1, "+79") != PhoneKeys("s").key(1, "+7")

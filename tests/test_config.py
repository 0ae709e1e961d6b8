import re
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from widget import config as config_module
from widget.config import Config, ConfigError

ROOT = Path(__file__).resolve().parent.parent
FERNET = "A" * 43 + "="  # the same in every process, or the names of tests would differ
NEEDED = {
    "SECRET_KEY": "s" * 32,
    "ENCRYPTION_KEYS": FERNET,
    "BITRIX_CLIENT_ID": "local.app",
    "BITRIX_CLIENT_SECRET": "client secret",
}


def read(**changes):
    return Config.from_environ({name: value for name, value in {**NEEDED, **changes}.items() if value is not None})


def faults(**changes) -> str:
    with pytest.raises(ConfigError) as error:
        read(**changes)
    return str(error.value)


def test_what_must_be_set_is_enough():
    config = read()
    assert config.secret_key == "s" * 32
    assert config.encryption_keys == (FERNET,)
    assert config.auth_servers == ("https://oauth.bitrix.info", "https://oauth.bitrix24.tech")
    assert (config.allow_http, config.check_burst, config.check_every, config.checks_per_day) == (False, 10, 3, 100)
    assert config.presence_ttl == 300


def test_every_fault_is_told_at_once():
    told = faults(SECRET_KEY="short", BITRIX_CLIENT_ID=None, ALLOW_HTTP="yes", CHECK_EVERY="-1", TRUSTED_PROXIES="two")
    for name in ("SECRET_KEY", "BITRIX_CLIENT_ID is not set", "ALLOW_HTTP", "CHECK_EVERY", "TRUSTED_PROXIES"):
        assert name in told
    assert len(told.splitlines()) == 1
    assert len(told.split("; ")) == 5


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_what_must_be_set_must_hold_something(name, value):
    assert name in faults(**{name: value})


def test_every_setting_is_read_by_some_code() -> None:
    files = [*ROOT.glob("widget/**/*.py"), ROOT / "gunicorn.conf.py"]
    code = "\n".join(file.read_text() for file in files if file.name != "config.py")
    assert [field.name for field in fields(Config) if not re.search(rf"\bconfig\.{field.name}\b", code)] == []


# Secrets from files.


def test_a_secret_may_be_in_a_file(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("t" * 40 + "\n")
    config = read(SECRET_KEY=None, SECRET_KEY_FILE=str(secret))
    assert config.secret_key == "t" * 40


def test_a_setting_that_is_given_twice_is_a_fault(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("t" * 40)
    assert "SECRET_KEY is set twice" in faults(SECRET_KEY_FILE=str(secret))


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_a_fault_and_not_a_crash(tmp_path, content):
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_bytes(content)
    assert "SECRET_KEY" in faults(SECRET_KEY=None, SECRET_KEY_FILE=str(secret))


def test_a_fault_of_a_secret_does_not_show_it():
    told = faults(SECRET_KEY="half-a-secret", ENCRYPTION_KEYS="not-a-fernet-key")
    assert "half-a-secret" not in told
    assert "not-a-fernet-key" not in told


def test_a_printed_config_shows_no_secret(tmp_path):
    config = read(DATABASE_URL="postgresql://app:db-password@db/app", REDIS_URL="redis://:redis-password@r/0")
    shown = repr(config) + str(config)
    for secret in (*NEEDED.values(), "db-password", "redis-password"):
        assert secret not in shown


@pytest.mark.parametrize("said", ["postgresql+asyncpg://u:p@h/d", "mysql://u:p@h/d", "postgresql+psycopg2://u:p@h/d"])
def test_a_database_that_nothing_here_was_tried_on_is_refused(said):
    assert "DATABASE_URL must begin with sqlite:/// or with postgresql+psycopg://" in faults(DATABASE_URL=said)


def test_a_database_without_its_driver_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "DATABASE_URL needs psycopg: pip install" in faults(DATABASE_URL="postgresql+psycopg://u:p@h/d")


# Kinds of value.


@pytest.mark.parametrize(("said", "meant"), [("True", True), ("true", True), ("FALSE", False), ("false", False)])
def test_a_flag_is_true_or_false(said, meant):
    assert read(ALLOW_HTTP=said).allow_http is meant


@pytest.mark.parametrize("said", ["", "1", "0", "yes", "on", "None", " true"])
def test_anything_else_is_no_flag(said):
    assert "ALLOW_HTTP must be True or False" in faults(ALLOW_HTTP=said)


@pytest.mark.parametrize(
    "name", ["PRESENCE_TTL", "UNKNOWN_TTL", "CARD_TTL", "CHECK_EVERY", "PORTAL_TIMEOUT", "SEND_TIMEOUT"]
)
@pytest.mark.parametrize("said", ["0", "-1", "nan", "inf", "1e10", "soon", ""])
def test_a_time_must_be_a_number_above_zero(name, said):
    assert name in faults(**{name: said})


@pytest.mark.parametrize("name", ["CHECK_BURST", "CHECKS_PER_DAY", "SESSION_MINUTES", "TRUSTED_PROXIES"])
@pytest.mark.parametrize("said", ["-1", "1.5", "ten", "", "²", "9" * 5000])
def test_a_count_must_be_a_whole_number(name, said):
    assert name in faults(**{name: said})


@pytest.mark.parametrize(
    "changes",
    [
        {"CHECK_BURST": "0"},
        {"CHECKS_PER_DAY": "0"},
        {"CHECK_BURST": "10001"},
        {"CHECKS_PER_DAY": "10001"},
        {"CHECK_EVERY": "86401"},
    ],
)
def test_limits_that_the_limiter_cannot_keep_are_told_here_and_not_by_a_stack_trace(changes):
    (name,) = changes
    assert name in faults(**changes)


@pytest.mark.parametrize("changes", [{"CHECK_BURST": "1"}, {"CHECKS_PER_DAY": "10000"}, {"CHECK_EVERY": "0.001"}])
def test_the_smallest_and_the_largest_limits_are_taken(changes):
    read(**changes)


@pytest.mark.parametrize(
    "said", ["", "oauth.bitrix.info", "ftp://x", "https://", "https://ok.example,nonsense", "https://[x"]
)
def test_an_address_must_be_one(said):
    assert "AUTH_SERVERS" in faults(AUTH_SERVERS=said)


def test_addresses_are_separated_by_commas_and_lose_their_last_slash():
    assert read(AUTH_SERVERS=" https://a.example/ , http://b.example:1/oauth/", ALLOW_HTTP="True").auth_servers == (
        "https://a.example",
        "http://b.example:1/oauth",
    )


def test_a_token_goes_to_a_plain_http_server_only_where_that_is_allowed():
    told = faults(AUTH_SERVERS="https://a.example,http://b.example", SECRET_KEY="short")
    assert "AUTH_SERVERS 'http://b.example' must be https, unless ALLOW_HTTP is set" in told
    assert "SECRET_KEY" in told


@pytest.mark.parametrize("said", ["widget.example", "ftp://x", "https://", "https://a.example,https://b.example", ","])
def test_the_public_address_is_one(said):
    assert "PUBLIC_URL" in faults(PUBLIC_URL=said)


@pytest.mark.parametrize(
    "said",
    [
        "https://w.example/?a=1",
        "https://w.example?",
        "https://w.example/#f",
        "https://user:word@w.example",
        "https://user@w.example",
    ],
)
def test_the_public_address_leads_to_a_place_and_carries_nothing(said):
    assert "PUBLIC_URL must have no query" in faults(PUBLIC_URL=said)


@pytest.mark.parametrize(("said", "meant"), [("https://w.example/", "https://w.example"), ("", ""), (" ", "")])
def test_the_public_address_may_be_left_out(said, meant):
    assert read(PUBLIC_URL=said).public_url == meant


@pytest.mark.parametrize("said", ["", " , ", "abc", FERNET[:-2], f"{FERNET},abc", "ключ"])
def test_an_encryption_key_must_be_one(said):
    assert "ENCRYPTION_KEYS" in faults(ENCRYPTION_KEYS=said)


def test_several_encryption_keys_are_taken_in_order():
    other = Fernet.generate_key().decode()
    assert read(ENCRYPTION_KEYS=f"{FERNET}, {other}").encryption_keys == (FERNET, other)


@pytest.mark.parametrize("said", ["nonsense", "", "oracle-of-delphi://h/d", "postgresql://h:port/d"])
def test_a_database_that_cannot_be_is_told_with_the_other_faults(said):
    told = faults(DATABASE_URL=said, REDIS_URL="foo", SESSION_MINUTES="0")
    assert "DATABASE_URL must be an SQLAlchemy address" in told
    assert "REDIS_URL must be an address like redis://" in told
    assert "SESSION_MINUTES must be a whole number, 1 or more" in told


@pytest.mark.parametrize("said", ["foo", "http://r:6379", "redis://:secret@r:port/0"])
def test_a_redis_that_cannot_be_is_a_fault_that_shows_no_password(said):
    told = faults(REDIS_URL=said, DATABASE_URL="postgresql://u:secret@h:port/d")
    assert "REDIS_URL" in told and "secret" not in told


@pytest.mark.parametrize("said", ["redis://:word@r:6379/0", "rediss://r", "unix:///run/redis.sock", "", " "])
def test_a_redis_is_an_address_or_none(said):
    assert read(REDIS_URL=said).redis_url == said.strip()


@pytest.mark.parametrize("said", ["7,8,19", "8,7,19,21", "7,8,19,25", "a,b,c,d", "", "-1,8,19,21"])
def test_hours_that_go_backwards_are_a_fault(said):
    assert "LIGHT_HOURS" in faults(LIGHT_HOURS=said)


def test_hours_are_four():
    assert read(LIGHT_HOURS="0,8,20,24").light_hours == (0, 8, 20, 24)


def test_a_log_level_that_does_not_exist_is_a_fault():
    assert "LOG_LEVEL" in faults(LOG_LEVEL="LOUD")
    assert read(LOG_LEVEL="debug").log_level.upper() == "DEBUG"


def test_names_that_are_no_settings_are_left_alone():
    assert read(PATH="/bin", HOME="/root", SECRET="x") == read()


def test_a_weekly_update_needs_a_place_for_the_ranges():
    assert "NUMBERING_FILE" in faults(NUMBERING_UPDATE="True")
    assert "NUMBERING_SOURCE" in faults(NUMBERING_SOURCE="opendata.digital.gov.ru")
    assert read(NUMBERING_UPDATE="True", NUMBERING_FILE="ranges.bin").numbering_update


def test_a_model_of_speech_needs_its_folder_and_its_packages(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read().speech_model == read(SPEECH_MODEL="").speech_model == ""
    assert "folder of a model" in faults(SPEECH_MODEL=str(tmp_path / "none"))
    monkeypatch.setattr(config_module, "find_spec", lambda name: name)
    assert read(SPEECH_MODEL=".").speech_model == str(tmp_path)  # the program runs in another folder
    monkeypatch.setattr(config_module, "find_spec", lambda name: None)
    assert "requirements-speech.txt" in faults(SPEECH_MODEL=str(tmp_path))

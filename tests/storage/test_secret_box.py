import pytest
from cryptography.fernet import Fernet

from tests.storage.conftest import Store
from widget.storage.database import open_database, upgrade
from widget.storage.secret_box import DecryptionError, SecretBox
from widget.storage.tokens import Token

SECRETS = {
    "access": "ACCESS-9d4c7166007e9c94",
    "refresh": "REFRESH-8c3b9966007e9c94",
    "key": "GATEWAY-KEY-5f1c",
    "text": "Секретное предложение для Ивана",
    "application": "APPLICATION-TOKEN-51856f",
}


def test_a_sealed_secret_opens_again_and_shows_nothing():
    secret_box = SecretBox([Fernet.generate_key().decode()])
    sealed = secret_box.encrypt(SECRETS["text"])
    assert secret_box.decrypt(sealed) == SECRETS["text"]
    assert SECRETS["text"] not in sealed
    assert secret_box.encrypt(SECRETS["text"]) != sealed  # equal texts cannot be told


def test_a_key_can_be_changed_without_losing_what_the_old_one_sealed():
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    sealed = SecretBox([old]).encrypt("secret")
    assert SecretBox([new, old]).decrypt(sealed) == "secret"
    assert SecretBox([new]).decrypt(SecretBox([new, old]).encrypt("secret")) == "secret"


@pytest.mark.parametrize("sealed", ["", "x", "gAAAAAB", "sealed with another key"])
def test_what_was_sealed_elsewhere_does_not_open(sealed):
    if sealed == "sealed with another key":
        sealed = SecretBox([Fernet.generate_key().decode()]).encrypt("secret")
    with pytest.raises(DecryptionError) as error:
        SecretBox([Fernet.generate_key().decode()]).decrypt(sealed)
    assert "secret" not in str(error.value).replace("a stored secret", "")


def test_no_secret_can_be_read_in_the_database_file(database_file, clock):
    """The file and its log, byte by byte, also after the rows have been changed and deleted."""
    engine = open_database(f"sqlite:///{database_file}")
    upgrade(engine)
    store = Store(engine, clock).fill()
    store.tokens.put(store.one, 2, Token(SECRETS["access"], SECRETS["refresh"], 1.0))
    store.tokens.put(store.two, 2, Token(SECRETS["access"], SECRETS["refresh"], 1.0))
    store.tokens.drop(store.two, 2)
    store.portals.set_application_token(store.one, SECRETS["application"])
    store.portals.set_application_token(store.two, SECRETS["application"])
    store.portals.mark_removed(store.two)
    store.add_line(store.one, "support", key=SECRETS["key"], name="readable-name")
    chat, _new = store.chats.remember(store.one, store.line_one, "+79619510000")
    store.sends.begin(store.one, chat.id, send_key="k", user_id=1, text=SECRETS["text"], message_id="M")
    files = [path for path in database_file.parent.iterdir() if path.name.startswith(database_file.name)]
    raw = b"".join(path.read_bytes() for path in files)
    engine.dispose()
    assert b"readable-name" in raw  # this is where the rows are
    assert not [name for name, secret in SECRETS.items() if secret.encode() in raw or secret.encode("utf-16-le") in raw]

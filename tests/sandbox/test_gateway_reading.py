"""What a reader of the gateway finds: lines, contacts, chats, history, files."""

import struct
import zlib
from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from sandbox.gateway import create_gateway
from sandbox.people import API_KEY, CLIENTS, IVAN
from tests.sandbox.apps import new_gateway

NOW = 1_795_000_000.0
RUSTAM_LID, HIDDEN_LID = "187234509871234@lid", "99887766554433@lid"
HISTORY = "/api/sales/chats/79619510000@c.us/messages"


@pytest.fixture
def web():
    return new_gateway(lambda: NOW)


@pytest.fixture
def get(web):
    def get(path, **query):
        return web.get(path, query_string=query or None, headers={"X-Api-Key": API_KEY})

    return get


@pytest.fixture
def chat(web, get):
    """The whole long chat as Baileys keeps it, newest first."""
    web.post("/_sandbox/lines/sales", json={"engine": "NOWEB", "store": True})
    return get(HISTORY, limit=1000).json


def switch(web, session, status):
    assert web.post(f"/_sandbox/sessions/{session}", json={"status": status}).status_code == 200


def test_stopped_lines_are_listed_only_when_all_are_asked_for(web, get):
    switch(web, "support", "STOPPED")
    assert [line["name"] for line in get("/api/sessions").json] == ["sales", "archive"]
    assert [line["name"] for line in get("/api/sessions", all="true").json] == ["sales", "support", "archive"]


def test_a_line_says_who_it_is_only_while_it_is_logged_in(web, get):
    assert get("/api/sessions/sales/me").json["id"] == "79638477312@c.us"
    assert get("/api/sessions/archive/me").json is None
    switch(web, "archive", "WORKING")
    assert get("/api/sessions/archive").json["me"]["id"] == "79638477314@c.us"


def test_the_support_line_keeps_a_history_of_three_months(get):
    line = get("/api/sessions/support").json
    assert line["engine"] == {"engine": "NOWEB"}
    assert line["config"]["noweb"]["store"] == {"enabled": True, "fullSync": False}


def test_a_qr_comes_as_a_picture_as_json_and_as_text(web, get):
    picture = get("/api/archive/auth/qr", format="image")
    assert picture.mimetype == "image/png"
    assert width_and_height(picture.data)[0] > 200
    headers = {"X-Api-Key": API_KEY, "Accept": "application/json"}
    assert set(web.get("/api/archive/auth/qr", headers=headers).json) == {"mimetype", "data"}
    assert "value" in get("/api/archive/auth/qr", format="raw").json


def test_a_stopped_line_is_waited_for_and_then_not_ready(web, get):
    switch(web, "sales", "STOPPED")
    for path in ("/api/sales/chats", f"{HISTORY}?limit=1", "/api/contacts/check-exists?phone=7&session=sales"):
        answer = get(path)
        assert (answer.status_code, answer.json["status"]) == (422, "STOPPED")


@pytest.mark.parametrize("spelled", ["79619510000", "+7 961 951-00-00", "79619510000@c.us"])
def test_a_check_takes_the_number_in_any_spelling(get, spelled):
    found = get("/api/contacts/check-exists", phone=spelled, session="sales").json
    assert found == {"numberExists": True, "chatId": "79619510000@c.us"}


def test_a_check_answers_with_the_id_that_whatsapp_uses(get):
    found = get("/api/contacts/check-exists", phone="5531988887777", session="sales").json
    assert found == {"numberExists": True, "chatId": "553188887777@c.us"}


@pytest.mark.parametrize("phone", ["79123456789", "79000000000", RUSTAM_LID])
def test_who_is_not_on_whatsapp_is_not_found(get, phone):
    assert get("/api/contacts/check-exists", phone=phone, session="sales").json == {"numberExists": False}


def test_a_check_without_a_number_is_malformed(get):
    assert get("/api/contacts/check-exists", session="sales").status_code == 400


def test_lids_lead_to_phones_and_back_where_both_are_known(get):
    pair = {"lid": RUSTAM_LID, "pn": "998901234567@c.us"}
    assert get("/api/sales/lids/pn/998901234567").json == pair
    assert get(f"/api/sales/lids/{RUSTAM_LID}").json == pair
    assert get(f"/api/sales/lids/{HIDDEN_LID}").json == {"lid": HIDDEN_LID, "pn": None}


def test_the_overview_is_newest_first_and_holds_the_noise_too(get):
    chats = get("/api/sales/chats/overview", limit=100).json
    times = [chat["lastMessage"]["timestamp"] for chat in chats]
    assert times == sorted(times, reverse=True)
    assert {"120363041234567890@g.us", "status@broadcast", "120363160031023229@newsletter"} <= {
        chat["id"] for chat in chats
    }
    assert len(chats) == 3 + sum(bool(one.chat) and one.line == "sales" for one in CLIENTS)


def test_the_overview_pages(get):
    whole = [chat["id"] for chat in get("/api/sales/chats/overview", limit=100).json]
    assert [chat["id"] for chat in get("/api/sales/chats/overview", limit=2, offset=1).json] == whole[1:3]
    assert [chat["id"] for chat in get("/api/sales/chats", limit=2, offset=1).json] == whole[1:3]


@pytest.mark.parametrize("ids", [["79619510000", "4915112345678@c.us", "79000000000"], ["79619510000,4915112345678"]])
def test_the_overview_of_some_clients_leaves_out_all_others(get, ids):
    assert {chat["name"] for chat in get("/api/sales/chats/overview", ids=ids).json} == {"Иван Петров", "Anna Schäfer"}


def test_the_overview_can_be_asked_for_with_a_body(web):
    wanted = {"pagination": {"limit": 5, "offset": 0}, "filter": {"ids": ["79619510000@c.us"]}}
    found = web.post("/api/sales/chats/overview", json=wanted, headers={"X-Api-Key": API_KEY})
    assert found.status_code == 201
    assert [chat["name"] for chat in found.json] == ["Иван Петров"]


def test_a_chat_under_a_lid_is_found_by_the_phone_unless_merging_is_off(get):
    (chat,) = get("/api/sales/chats/overview", ids="998901234567").json
    assert (chat["id"], chat["_chat"]["pnJid"]) == (RUSTAM_LID, "998901234567@s.whatsapp.net")
    assert get("/api/sales/chats/overview", ids="998901234567", merge="false").json == []
    by_phone = "/api/sales/chats/998901234567@c.us/messages"
    assert get(by_phone, limit=50).json == get(f"/api/sales/chats/{RUSTAM_LID}/messages", limit=50).json
    assert get(by_phone, limit=50, merge="false").json == []


def test_a_chat_is_on_its_own_line_only(get):
    assert len(get("/api/support/chats/79241234567@c.us/messages", limit=9).json) == 3
    assert get("/api/sales/chats/79241234567@c.us/messages", limit=9).json == []


def test_a_history_without_a_limit_is_malformed(get):
    assert get(HISTORY).status_code == 400
    assert get(HISTORY, limit="many").status_code == 400


def test_paging_by_offset_gives_every_message_once(get, chat):
    pages = [message for offset in range(0, 400, 30) for message in get(HISTORY, limit=30, offset=offset).json]
    assert pages == chat
    assert len({message["id"] for message in chat}) == IVAN.chat


def test_messages_are_newest_first_and_some_share_their_second(get, chat):
    times = [message["timestamp"] for message in chat]
    assert times == sorted(times, reverse=True)
    assert sum(newer == older for newer, older in pairwise(times)) > 5
    assert get(HISTORY, limit=1000, sortOrder="asc").json == chat[::-1]


def test_filters_are_inclusive_and_can_be_joined(get, chat):
    edge = chat[100]["timestamp"]
    older = get(HISTORY, **{"limit": 1000, "filter.timestamp.lte": edge}).json
    assert older == [message for message in chat if message["timestamp"] <= edge]
    newer = get(HISTORY, **{"limit": 1000, "filter.timestamp.gte": edge, "filter.fromMe": "true"}).json
    assert newer == [message for message in chat if message["timestamp"] >= edge and message["fromMe"]]
    failed = get(HISTORY, **{"limit": 9, "filter.ack": "ERROR"}).json
    assert [message["ack"] for message in failed] == [-1]


def test_one_message_is_found_by_its_full_id_and_by_its_third_part(get, chat):
    wanted = chat[7]
    for name in (wanted["id"], wanted["id"].split("_")[2]):
        assert get(f"{HISTORY}/{name}").json == wanted
    assert get(f"{HISTORY}/3EB0NOTHING").status_code == 404


def test_a_long_chat_has_every_kind_of_message(chat):
    data = [message["_data"] for message in chat]
    contents = [one["message"] or {} for one in data]
    for kind in ("imageMessage", "documentMessage", "audioMessage", "videoMessage", "editedMessage"):
        assert any(kind in content for content in contents), kind
    assert any(one.get("messageStubType") == 1 for one in data)
    assert any(one.get("reactions") for one in data)
    assert any(message["replyTo"] for message in chat)
    assert any("<script>" in message["body"] for message in chat)
    assert any("https://" in message["body"] for message in chat)


def test_a_deleted_message_says_nothing(chat):
    gone = [message for message in chat if message["_data"].get("messageStubType") == 1]
    assert [(message["body"], message["hasMedia"]) for message in gone] == [("", False)] * 2


def test_an_offer_carries_its_name_and_size(get, chat):
    (offer,) = [message for message in chat if "documentMessage" in (message["_data"]["message"] or {})]
    about = offer["_data"]["message"]["documentMessage"]
    assert (about["fileName"], about["mimetype"]) == ("КП окна.pdf", "application/pdf")
    assert about["caption"] == offer["body"]
    file = get(urlsplit(offer["media"]["url"]).path)
    assert len(file.data) == int(about["fileLength"]) == file.content_length
    assert file.data.startswith(b"%PDF-1.4")


def test_files_are_real_and_are_not_where_their_address_says(get, chat):
    media = [message["media"] for message in chat if message["media"]]
    assert all(one["url"] is None or one["url"].startswith("http://localhost:3000/api/files/sales/") for one in media)
    kinds = set()
    for one in media:
        if one["error"] is None:
            file = get(urlsplit(one["url"]).path)
            assert file.content_type == one["mimetype"]
            kinds.add((one["mimetype"], file.data[:4]))
    assert kinds == {
        ("image/png", b"\x89PNG"),
        ("application/pdf", b"%PDF"),
        ("audio/ogg; codecs=opus", b"OggS"),
    }


def test_a_photo_can_be_unpacked_and_comes_with_a_thumbnail(get, chat):
    photo = next(message for message in chat if message["media"] and message["media"]["mimetype"] == "image/png")
    about = photo["_data"]["message"]["imageMessage"]
    picture = get(urlsplit(photo["media"]["url"]).path).data
    assert width_and_height(picture) == (about["width"], about["height"])
    start = picture.index(b"IDAT") + 4
    assert len(zlib.decompress(picture[start:-16])) == about["height"] * (1 + 3 * about["width"])
    assert about["jpegThumbnail"]["data"].startswith("/9j/")  # Node's buffer


def test_a_file_can_be_fetched_in_parts(web, get, chat):
    voice = next(message["media"] for message in chat if message["media"] and "ogg" in message["media"]["mimetype"])
    path = urlsplit(voice["url"]).path
    part = web.get(path, headers={"X-Api-Key": API_KEY, "Range": "bytes=0-3"})
    assert (part.status_code, part.data) == (206, b"OggS")


def test_media_stays_away_when_it_is_not_asked_for(get):
    lean = get(HISTORY, limit=1000, downloadMedia="false").json
    assert all(message["media"] is None for message in lean)
    assert sum(message["hasMedia"] for message in lean) > 10


def test_a_file_that_whatsapp_no_longer_has_says_so(chat):
    (lost,) = [message["media"] for message in chat if message["media"] and message["media"]["error"]]
    assert lost["url"] is None


def test_two_gateways_at_one_time_hold_the_same_messages(get):
    other = create_gateway(lambda: NOW).test_client()
    assert other.get(f"{HISTORY}?limit=1000", headers={"X-Api-Key": API_KEY}).json == get(HISTORY, limit=1000).json


def width_and_height(picture: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", picture[16:24])
    return width, height

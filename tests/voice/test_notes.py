"""A browser's recording becomes a voice note that a client can hear; what is not a recording hurts
nobody."""

import io
import random
import subprocess
import sys
from pathlib import Path

import av
import pytest

from benchmarks.voice import BROWSERS, heard, recording
from sandbox.gateway.media import opus
from widget.errors import ErrorCode, Refused
from widget.gateways.base import File
from widget.gateways.content import VOICE, is_voice_note
from widget.voice import converter
from widget.voice.converter import MAX_RECORDING, MAX_SECONDS, TooLong, Unreadable, note_of, samples_in
from widget.voice.notes import PROGRAM, voice_note
from widget.voice.programs import command


def refusal_of(body: bytes) -> ErrorCode:
    with pytest.raises(Refused) as error:
        voice_note(body)
    return error.value.code


@pytest.mark.parametrize("recorder", BROWSERS)
def test_what_a_browser_records_becomes_a_note_that_every_phone_plays(recorder: str) -> None:
    seconds, note = note_of(av, recording(recorder))
    codec, channels, length = heard(note)
    assert (codec, channels, seconds) == ("opus", 1, 2)
    assert length == pytest.approx(2, abs=0.1)
    assert is_voice_note(File(VOICE, "voice.ogg", note))
    assert opus.channels(note) == 1  # as the simulated phone sees it


def test_opus_of_one_channel_is_packed_anew_and_not_encoded_again() -> None:
    packets = [bytes(packet) for packet in packets_of(recording(), "matroska")]
    assert [bytes(packet) for packet in packets_of(note_of(av, recording())[1], "ogg")] == packets


def packets_of(body: bytes, container: str) -> list[av.Packet]:
    with av.open(io.BytesIO(body), format=container) as opened:
        return [packet for packet in opened.demux(opened.streams.audio[0]) if packet.size]


def test_a_note_is_made_outside_of_the_service_and_says_how_long_it_is() -> None:
    note = voice_note(recording(seconds=3))
    assert (note.seconds, opus.seconds(note.body)) == (3, 3)


def test_a_note_is_made_where_only_pythonpath_leads_to_the_packages() -> None:
    """As in a container: an isolated program sees neither it nor, with -S, a folder of packages of
    its own."""
    interpreter, isolated, *program = command(PROGRAM, "av")
    made = subprocess.run(
        [interpreter, isolated, "-S", *program], input=recording(), check=True, capture_output=True, env={}, cwd="/"
    )
    assert made.stdout.startswith(b"2\nOggS")


def test_a_program_is_told_the_folder_of_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "heard").mkdir()
    (tmp_path / "heard" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert command(PROGRAM, "heard", "more") == [sys.executable, "-I", str(PROGRAM), str(tmp_path), "more"]
    with pytest.raises(ModuleNotFoundError):
        command(PROGRAM, "not_heard_of")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"MZ\x90 not sound",
        b"OggS" + bytes(200),
        b"\x1aE\xdf\xa3" + b"\xff" * 200,
        bytes(4) + b"ftypisom" + bytes(200),
        opus.silence(1)[:40],
        recording("Firefox", codec="flac"),  # a container that browsers use, and a codec that none records
    ],
)
def test_what_is_no_recording_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        note_of(av, body)


def test_a_refusal_of_the_program_is_a_refusal_of_the_request() -> None:
    assert refusal_of(b"not a recording") is ErrorCode.VOICE_UNREADABLE
    assert refusal_of(bytes(MAX_RECORDING + 1)) is ErrorCode.VOICE_TOO_LONG


def test_what_is_longer_than_a_voice_note_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_SECONDS > 300
    monkeypatch.setattr(converter, "MAX_SECONDS", 1)
    for recorder in ("Chromium", "Safari"):
        with pytest.raises(TooLong):
            note_of(av, recording(recorder))


def test_a_spoiled_recording_is_a_note_or_a_refusal_and_nothing_else() -> None:
    chance = random.Random(7)
    for recorder in ("Chromium", "Firefox", "Safari"):
        whole = recording(recorder, 0.5)
        for _ in range(20):
            spoiled = bytearray(whole)
            for _ in range(chance.randrange(1, 40)):
                spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
            try:
                seconds, note = note_of(av, bytes(spoiled))
            except (Unreadable, TooLong):
                continue
            assert seconds and note.startswith(b"OggS")


@pytest.mark.parametrize(
    ("packet", "samples"), [(b"\xf8\xff\xfe", 960), (b"\x19x", 5760), (b"\xfb\x02", 1920), (b"\xe3\x30", 5760)]
)
def test_a_packet_says_how_long_it_is(packet: bytes, samples: int) -> None:
    assert samples_in(packet) == samples


@pytest.mark.parametrize("packet", [b"\xfb", b"\xfb\x00", b"\xfb\x3f"])
def test_a_packet_of_no_length_or_too_much_is_none(packet: bytes) -> None:
    with pytest.raises(Unreadable):
        samples_in(packet)

"""A voice message: recorded in the composer, heard on the client's phone, and never lost by a
press."""

import re

from playwright.sync_api import Locator, expect

from sandbox import people
from tests.browser.conftest import Complaints
from tests.browser.pages import ORDERS, SENT, Card, serious_in
from tests.stand import Outside

PLAYS = "(audio) => audio.readyState || new Promise((done) => { audio.onloadeddata = () => done(audio.readyState); })"

# Neither does what it should; `asked` is the stream of the microphone.
BREAKS = """() => {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => (globalThis.asked = await ask(wanted));
  globalThis.AudioContext = class { constructor() { throw new DOMException('', 'NotSupportedError'); } };
  globalThis.start = MediaRecorder.prototype.start;
  MediaRecorder.prototype.start = () => { throw new DOMException('', 'NotSupportedError'); };
}"""


def sent_voice(card: Card) -> Locator:
    """As the send is shown at first, or as the gateway's history has it."""
    said = re.compile(rf"🎤\u2063 \d:\d\d|{card.say('Voice message')}")
    return card.bubbles.filter(has_text=said).locator(SENT)


def test_a_recording_is_paused_heard_and_sent_and_the_client_can_hear_it(card: Card, outside: Outside) -> None:
    card.open(lang="en").reveal().open_chat(ORDERS).write("stays")

    card.button("Record a voice message").press("Enter")
    expect(card.button("Pause")).to_be_focused()
    expect(card.frame.get_by_role("timer")).not_to_have_text("0:00")
    card.button("Pause").press("Enter")
    expect(card.button("Go on")).to_be_focused()
    player = card.frame.locator(".voice-player")
    assert player.evaluate(PLAYS) and player.evaluate("(audio) => audio.error") is None
    assert serious_in(card) == []
    card.button("Go on").press("Enter")
    card.button("Send voice message").click()

    expect(sent_voice(card)).to_have_count(1)
    expect(card.composer).to_have_value("stays")
    (note,) = outside.arrived(people.ORDERS_MOSCOW.phone)
    assert (note["voice"], note["plays"], note["mimetype"]) == (True, True, "audio/ogg; codecs=opus")
    assert outside.calls()["sendVoice"] == 1


def test_no_press_loses_a_recording(card: Card, outside: Outside) -> None:
    card.open(lang="en").reveal().open_chat(ORDERS)
    card.button("Record a voice message").click()
    expect(card.frame.get_by_role("timer")).not_to_have_text("0:00")

    card.button("Pause").press("Escape")  # would close the chat
    expect(card.button("Go on")).to_be_visible()
    card.button("Throw the recording away").click()
    expect(card.button("Bring it back")).to_be_focused()
    card.button("Bring it back").press("Enter")
    card.close_chat().open_chat(ORDERS)

    expect(card.frame.locator(".voice-player")).to_be_visible()
    card.button("Send voice message").click()
    expect(sent_voice(card)).to_have_count(1)
    assert outside.calls()["sendVoice"] == 1


def test_a_recorder_that_breaks_lets_the_microphone_go_and_a_meter_that_breaks_is_missed_by_nobody(card: Card) -> None:
    talk = card.open(lang="en").reveal().open_chat(ORDERS)
    talk.inside.evaluate(BREAKS)
    talk.button("Record a voice message").click()
    expect(talk.frame.locator("#voice-problem")).to_be_visible()
    assert talk.inside.evaluate("() => asked.getTracks().map((track) => track.readyState)") == ["ended"]

    talk.inside.evaluate("() => { MediaRecorder.prototype.start = start; }")
    talk.button("Record a voice message").click()
    expect(talk.frame.get_by_role("timer")).not_to_have_text("0:00")


def test_what_is_missing_for_a_recording_is_said_with_its_cure(card: Card, complaints: Complaints) -> None:
    talk = card.open().reveal().open_chat(ORDERS)
    said = talk.frame.locator("#voice-problem")
    for name, words in {
        "NotAllowedError": "The microphone is blocked. Press the sign at the left of Bitrix24's address, allow the "
        "microphone, and press the button again.",
        "NotFoundError": "No microphone was found. Connect one, and press the button again.",
    }.items():
        refuse = (
            "(name) => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', name); }; }"
        )
        talk.inside.evaluate(refuse, name)
        talk.button("Record a voice message").click()
        expect(said).to_have_text(talk.say(words))
    talk.inside.evaluate("() => { document.permissionsPolicy = { allowsFeature: () => false }; }")
    talk.button("Record a voice message").click()
    expect(said).to_contain_text(
        talk.say(
            "This page of Bitrix24 gives the application no microphone. Record with "
            "another program or the phone, and attach the recording with the paper clip."
        )
    )
    talk.inside.evaluate("() => { globalThis.MediaRecorder = undefined; }")
    talk.button("Record a voice message").click()
    expect(said).to_contain_text("Chrome, Edge, Firefox")

"""A browser's recording as the voice note that WhatsApp plays, made by the program in
converter.py."""

import logging
import subprocess
import threading
import time
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from widget.errors import ErrorCode, Refused
from widget.voice.converter import MAX_RECORDING, TOO_LONG, UNREADABLE
from widget.voice.programs import command

log = logging.getLogger(__name__)

PROGRAM = Path(__file__).with_name("converter.py")
AT_ONCE = 2  # of one process: five minutes of AAC are two or three seconds of a core
TURN = 10.0  # seconds to wait for one
WORK = 45.0  # seconds on a machine that is busy; the program's own limit of processor time mostly ends it before

_turns = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class VoiceNote:
    """Opus of one channel in Ogg."""

    body: bytes
    seconds: int


@cache  # each chat that is opened asks, and the answer is a search of folders
def can_convert() -> bool:
    """Whether recordings can be made into voice notes here: `requirements-voice.txt` is
    installed."""
    return find_spec("av") is not None


def voice_note(recording: bytes) -> VoiceNote:
    """Convert a recording: 0.1 s of a core where it is Opus already, as long as it waits for its
    turn and 3 s at most otherwise, in another process. Raises Refused: VOICE_UNREADABLE,
    VOICE_TOO_LONG, CROWDED."""
    if len(recording) > MAX_RECORDING:
        raise Refused(ErrorCode.VOICE_TOO_LONG, reason="bytes")
    if not _turns.acquire(timeout=TURN):
        raise Refused(ErrorCode.CROWDED, reason="voice notes are being made")
    try:
        ended, note, seconds = _run(recording)
    finally:
        _turns.release()
    if ended == TOO_LONG:
        raise Refused(ErrorCode.VOICE_TOO_LONG, reason="seconds")
    if ended or not note:
        raise Refused(ErrorCode.VOICE_UNREADABLE, reason=f"converter ended with {ended}")
    return VoiceNote(note, seconds)


def _run(recording: bytes) -> tuple[int, bytes, int]:
    """How the program ended, and its note. It gets none of the service's settings."""
    began = time.monotonic()
    try:
        done = subprocess.run(
            command(PROGRAM, "av"),
            input=recording,
            capture_output=True,
            check=False,
            env={},
            cwd="/",
            timeout=WORK,
        )
    except subprocess.TimeoutExpired:
        log.warning("voice.converter_hung bytes=%s", len(recording))
        return UNREADABLE, b"", 0
    seconds, _, note = done.stdout.partition(b"\n")
    took = 1000 * (time.monotonic() - began)
    log.info("voice.converted ended=%s bytes=%s note=%s ms=%.0f", done.returncode, len(recording), len(note), took)
    if done.returncode not in (0, UNREADABLE, TOO_LONG):  # killed by a limit, or the package av is not there
        log.error(
            "voice.converter_broken ended=%s said=%s", done.returncode, done.stderr[-200:].decode("utf-8", "replace")
        )
    return done.returncode, note, int(seconds) if seconds.isdigit() else 0

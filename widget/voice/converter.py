"""A program of its own: a browser's recording on stdin becomes a voice note on stdout, its seconds
in the first line.

A stranger's file meets decoders written in C here. So this runs outside of the service, once for
each recording, under limits of the kernel: without the service's secrets, and once its imports are
done no file and no socket can be opened. It imports nothing of the service, which would cost more
than the work itself. Its argument is the folder in which the package av lies.

Browsers record Opus in WebM or Ogg (Chromium, Firefox, Safari since 18.4), or AAC in MP4 (older
Safari). Opus of one channel is only packed anew, without loss; all else is decoded and encoded.
"""

import io
import os
import resource
import sys
from fractions import Fraction
from itertools import chain
from typing import Any

MAX_RECORDING = 8 * 1024 * 1024  # five minutes at 200 kbit/s; asked for are 32
MAX_SECONDS = 5 * 60 + 15  # a browser stops at five minutes, not to the second
RATE = 48_000  # Opus counts time in it at every sampling rate
BITS = 32_000  # a second: enough for speech
MEMORY = 512 * 1024 * 1024  # of addresses; 60 MB of them are used
PROCESSOR_SECONDS = 20
UNREADABLE, TOO_LONG = 3, 4  # how it ends where there is no note

CODECS = ("opus", "aac")
# Samples in one frame of an Opus packet, by the upper five bits of its first byte (RFC 6716, 3.1).
FRAMES = (*(480, 960, 1920, 2880) * 3, *(480, 960) * 2, *(120, 240, 480, 960) * 4)
MAX_PACKET = 5760  # samples, 120 ms


class Unreadable(Exception):
    """Not a recording of a browser, or a broken one."""


class TooLong(Exception):
    """Longer than a voice note may be."""


def container_of(body: bytes) -> str:
    """What the demuxer is called. No other one ever sees the file. Raises Unreadable."""
    if body.startswith(b"\x1aE\xdf\xa3"):
        return "matroska"
    if body.startswith(b"OggS"):
        return "ogg"
    if body[4:8] == b"ftyp":
        return "mp4"
    raise Unreadable


def samples_in(packet: bytes) -> int:
    """How long an Opus packet is, which has a byte at least (RFC 6716, 3.1 and 3.2). Raises
    Unreadable."""
    code = packet[0] & 3
    frames = packet[1] & 63 if packet[1:] and code == 3 else (1, 2, 2, 0)[code]
    samples = FRAMES[packet[0] >> 3] * frames
    if not 0 < samples <= MAX_PACKET:
        raise Unreadable
    return samples


class Timer:
    """Counts samples as they pass."""

    def __init__(self) -> None:
        self.samples = 0

    def take(self, samples: int) -> int:
        """Where they begin. Raises TooLong."""
        began = self.samples
        self.samples += samples
        if self.samples > MAX_SECONDS * RATE:
            raise TooLong
        return began

    @property
    def seconds(self) -> int:
        """Whole ones, at least one. Raises Unreadable where nothing passed."""
        if not self.samples:
            raise Unreadable
        return max(1, round(self.samples / RATE))


def note_of(av: Any, body: bytes) -> tuple[int, bytes]:
    """The seconds of a recording, and the note: Opus of one channel in Ogg. Raises Unreadable,
    TooLong."""
    out, timer = io.BytesIO(), Timer()
    try:
        with av.open(io.BytesIO(body), format=container_of(body)) as recording:
            if len(recording.streams) != 1 or len(recording.streams.audio) != 1:
                raise Unreadable
            stream = recording.streams.audio[0]
            codec = stream.codec_context.codec.canonical_name
            if codec not in CODECS:
                raise Unreadable
            with av.open(out, "w", format="ogg") as note:
                if codec == "opus" and stream.channels == 1:
                    pack(recording, stream, note, timer)
                else:
                    encode(av, recording, stream, note, timer)
    except (av.FFmpegError, ValueError) as error:
        raise Unreadable from error
    return timer.seconds, out.getvalue()


def pack(recording: Any, stream: Any, note: Any, timer: Timer) -> None:
    """The packets as they are. Their times are counted anew: a browser leaves gaps where it had
    nothing to record."""
    packed = note.add_stream_from_template(stream)
    for packet in recording.demux(stream):
        if not packet.size:  # the end
            continue
        samples = samples_in(bytes(packet))
        packet.time_base = Fraction(1, RATE)
        packet.pts = packet.dts = timer.take(samples)
        packet.duration = samples
        packet.stream = packed
        note.mux(packet)


def encode(av: Any, recording: Any, stream: Any, note: Any, timer: Timer) -> None:
    encoded = note.add_stream(
        "libopus", rate=RATE, layout="mono", options={"application": "voip", "vbr": "constrained"}
    )
    encoded.bit_rate = BITS
    encoded.codec_context.open()
    resampler = av.AudioResampler("s16", "mono", RATE, encoded.codec_context.frame_size)
    for frame in chain(recording.decode(stream), [None]):
        for piece in resampler.resample(frame):
            piece.pts = timer.take(piece.samples)
            note.mux(encoded.encode(piece))
    note.mux(encoded.encode(None))


def limit() -> None:
    os.nice(5)  # pages go first
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def main(folder: str) -> int:
    """0 and a note, or why there is none."""
    limit()
    sys.path.append(folder)
    import av  # noqa: PLC0415 - under the limits
    import av.subtitles.stream  # noqa: PLC0415 - what it would import later, when nothing can be opened

    av.logging.set_level(None)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    try:
        seconds, note = note_of(av, sys.stdin.buffer.read(MAX_RECORDING))
    except Unreadable:
        return UNREADABLE
    except TooLong:
        return TOO_LONG
    sys.stdout.buffer.write(b"%d\n" % seconds + note)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

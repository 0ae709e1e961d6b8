"""What browsers record, made here: a tone in the containers and codecs of MediaRecorder."""

import io
import math
from array import array

import av

RATE = 48_000
PIECE = 960  # samples, 20 ms
TONE = array("h", [int(6000 * math.sin(2 * math.pi * 440 * at / RATE)) for at in range(RATE // 44 * 44)])
BROWSERS = {  # container, codec, channels
    "Chromium": ("webm", "libopus", 1),
    "Firefox": ("ogg", "libopus", 1),
    "Chromium, stereo": ("webm", "libopus", 2),
    "Safari": ("mp4", "aac", 1),
}


def recording(browser: str = "Chromium", seconds: float = 2.0, *, codec: str = "", container: str = "") -> bytes:
    """A tone of this length as that browser would record it."""
    usual_container, usual_codec, channels = BROWSERS[browser]
    out = io.BytesIO()
    layout = "mono" if channels == 1 else "stereo"
    with av.open(out, "w", format=container or usual_container) as recorded:
        stream = recorded.add_stream(codec or usual_codec, rate=RATE, layout=layout)
        for number in range(int(seconds * RATE / PIECE)):
            frame = av.AudioFrame(format="s16", layout=layout, samples=PIECE)
            frame.sample_rate, frame.pts = RATE, number * PIECE
            frame.planes[0].update((TONE[:PIECE] * channels).tobytes())
            recorded.mux(stream.encode(frame))
        recorded.mux(stream.encode(None))
    return out.getvalue()


def heard(note: bytes) -> tuple[str, int, float]:
    """Codec, channels and seconds of a note, as a player finds them."""
    with av.open(io.BytesIO(note), format="ogg") as opened:
        stream = opened.streams.audio[0]
        samples = sum(frame.samples for frame in opened.decode(stream))
        return stream.codec_context.codec.canonical_name, stream.channels, samples / RATE

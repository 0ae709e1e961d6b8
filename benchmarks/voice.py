"""What a voice message costs: a tone, as each browser records it, made into a note by the program
that the service runs for it (widget/voice/converter.py)."""

import io
import json
import math
import subprocess
import sys
import time
from array import array
from typing import Any

import av

from benchmarks import tables
from widget.voice.notes import PROGRAM

ffmpeg: Any = av  # its types know neither what a container was opened for nor what a stream holds
RATE = 48_000
PIECE = 960  # samples, 20 ms
TONE = array("h", [int(6000 * math.sin(2 * math.pi * 450 * at / RATE)) for at in range(PIECE)])
BROWSERS = {  # container, codec, channels
    "Chromium": ("webm", "libopus", 1),
    "Firefox": ("ogg", "libopus", 1),
    "Chromium, stereo": ("webm", "libopus", 2),
    "Safari": ("mp4", "aac", 1),
}
MINUTES = (1, 5)
MEASURES = """
import json, resource, subprocess, sys
subprocess.run([sys.argv[1], "-I", sys.argv[2]], check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"processor_s": used.ru_utime + used.ru_stime, "memory_mb": used.ru_maxrss / 1024}), file=sys.stderr)
"""


def recording(browser: str = "Chromium", seconds: float = 2.0, *, codec: str = "") -> bytes:
    """A tone of this length as that browser records it; with another codec, as none does."""
    container, usual, channels = BROWSERS[browser]
    out, layout = io.BytesIO(), "mono" if channels == 1 else "stereo"
    with ffmpeg.open(out, "w", format=container) as recorded:
        stream = recorded.add_stream(codec or usual, rate=RATE)
        stream.layout = layout
        for number in range(int(seconds * RATE / PIECE)):
            frame = ffmpeg.AudioFrame(format="s16", layout=layout, samples=PIECE)
            frame.sample_rate, frame.pts = RATE, number * PIECE
            frame.planes[0].update(array("h", [each for at in TONE for each in [at] * channels]).tobytes())
            recorded.mux(stream.encode(frame))
        recorded.mux(stream.encode(None))
    return out.getvalue()


def heard(note: bytes) -> tuple[str, int, float]:
    """Codec, channels and seconds of a note, as a player finds them."""
    with ffmpeg.open(io.BytesIO(note), format="ogg") as opened:
        stream = opened.streams.audio[0]
        samples = sum(frame.samples for frame in opened.decode(stream))
        return stream.codec_context.codec.canonical_name, stream.channels, samples / RATE


def measured(body: bytes) -> dict[str, float]:
    """What one conversion takes. A small program stands between: a child's memory is counted from
    its parent's."""
    began = time.monotonic()
    command = [sys.executable, "-I", "-c", MEASURES, sys.executable, str(PROGRAM)]
    done = subprocess.run(command, input=body, capture_output=True, check=True)
    used: dict[str, float] = json.loads(done.stderr)
    return used | {"wall_s": time.monotonic() - began, "in_kb": len(body) / 1024, "out_kb": len(done.stdout) / 1024}


def main() -> None:
    figures: list[dict[str, Any]] = [
        {"browser": browser, "minutes": minutes, **measured(recording(browser, 60 * minutes))}
        for browser in BROWSERS
        for minutes in MINUTES
    ]
    columns = ["recorded by", "minutes", "processor s", "memory MB", "wall s", "KB in", "KB out"]
    rows = [[round(cell, 2) if isinstance(cell, float) else cell for cell in each.values()] for each in figures]
    tables.say({"voice": figures}, tables.table("A voice message", columns, rows), as_json="--json" in sys.argv)


if __name__ == "__main__":
    main()

"""Files for the seeded chats: small, valid, and drawn here with the standard library."""

from functools import cache

from sandbox.gateway.media import jpeg, opus, pdf, png
from sandbox.gateway.model import SandboxMedia

WIDTH, HEIGHT = 480, 360
THUMB = (9, 7)  # in blocks of 8 × 8


@cache
def photo(number: int) -> SandboxMedia:
    """A window in a wall; each number has colours of its own."""
    scene = png.scene(number, WIDTH, HEIGHT)
    return SandboxMedia(
        "image",
        "image/png",
        "png",
        content=png.encode(scene),
        thumbnail=_thumbnail(number),
        width=WIDTH,
        height=HEIGHT,
    )


@cache
def offer(title: str = "КП окна.pdf") -> SandboxMedia:
    lines = ("Windows: commercial offer", "12 windows 1400 x 1600, delivery, mounting", "Valid for 14 days")
    return SandboxMedia("document", "application/pdf", "pdf", content=pdf.page(lines), filename=title)


@cache
def voice(seconds: int) -> SandboxMedia:
    return voice_of(opus.silence(seconds), opus.MIMETYPE)


def voice_of(content: bytes, mimetype: str) -> SandboxMedia:
    """A voice message under any type, as engines pass it on: none looks inside. It has no name
    (Baileys, WAProto: AudioMessage)."""
    return SandboxMedia("audio", mimetype, "oga", content=content, seconds=opus.seconds(content), voice=True)


def plays(media: SandboxMedia) -> bool:
    """Whether the client can hear a voice message. WhatsApp shows any, and says «this audio is not
    available» where it is not Opus of one channel in Ogg, or is not said to be (waha-docs:
    media-voice-format; Meta: audio-messages)."""
    return media.mimetype == opus.MIMETYPE and opus.channels(media.content) == 1


@cache
def lost_video(seconds: int) -> SandboxMedia:
    """WhatsApp deletes old files from its servers; the message stays, with its thumbnail."""
    return SandboxMedia(
        "video",
        "video/mp4",
        "mp4",
        thumbnail=_thumbnail(7),
        width=640,
        height=480,
        seconds=seconds,
        lost=True,
    )


def _thumbnail(number: int) -> bytes:
    """The same picture in a few squares, each with the colour of its middle."""
    across, down = THUMB
    rows = png.scene(number, WIDTH, HEIGHT)[HEIGHT // down // 2 :: HEIGHT // down][:down]
    return jpeg.mosaic([list(row[WIDTH // across // 2 :: WIDTH // across][:across]) for row in rows])

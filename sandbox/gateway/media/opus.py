"""A voice message: silence in Ogg Opus, the container and codec that WhatsApp uses (RFC 7845, RFC
6716)."""

import struct

MIMETYPE = "audio/ogg; codecs=opus"
_HEAD = b"OpusHead"
_SILENT_PACKET = b"\xf8\xff\xfe"  # one CELT frame of 20 ms that decodes to nothing
_PACKETS_A_SECOND = 50
_SAMPLES_A_PACKET = 960  # Opus counts at 48 kHz
_STREAM = 0x57417632


def silence(seconds: int) -> bytes:
    head = _HEAD + struct.pack("<BBHIhB", 1, 1, 0, 48000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 7) + b"sandbox" + struct.pack("<I", 0)
    pages = [_page([head], 0, 0, kind=2), _page([tags], 0, 1)]
    for second in range(1, seconds + 1):
        position = second * _PACKETS_A_SECOND * _SAMPLES_A_PACKET
        last = 4 if second == seconds else 0
        pages.append(_page([_SILENT_PACKET] * _PACKETS_A_SECOND, position, second + 1, kind=last))
    return b"".join(pages)


def channels(content: bytes) -> int:
    """How many it has; 0 for what is not Opus in Ogg."""
    first = content[28:38] if content.startswith(b"OggS") else b""
    return first[9] if first.startswith(_HEAD) and len(first) == 10 else 0


def seconds(content: bytes) -> int:
    """How long it is, by the position of its last page; 0 for what is not Opus in Ogg."""
    last = content.rfind(b"OggS")
    if not channels(content) or len(content) < last + 14:
        return 0
    position: int = struct.unpack_from("<q", content, last + 6)[0]
    return max(0, position) // (_PACKETS_A_SECOND * _SAMPLES_A_PACKET)


def _page(packets: list[bytes], position: int, number: int, *, kind: int = 0) -> bytes:
    lengths = bytes(len(packet) for packet in packets)
    start = struct.pack("<4sBBQII", b"OggS", 0, kind, position, _STREAM, number)
    rest = bytes((len(packets),)) + lengths + b"".join(packets)
    checksum = struct.pack("<I", _crc(start + bytes(4) + rest))
    return start + checksum + rest


def _crc(body: bytes) -> int:
    """Ogg's own CRC-32: not reflected and starting at zero, so not zlib's."""
    value = 0
    for byte in body:
        value = (value << 8 & 0xFFFFFFFF) ^ _TABLE[value >> 24 ^ byte]
    return value


def _entry(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = (value << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if value & 0x80000000 else 0)
    return value


_TABLE = tuple(_entry(byte) for byte in range(256))

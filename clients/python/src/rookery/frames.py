"""Pictures of a session as it goes on: the binary messages of its WebSocket."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

HEADER = struct.Struct(">BBHIQHHIHHI")
"""version, codec, flags, seq, captured at, width, height, tab, input width, input height, reserved: 32 bytes."""

VERSION = 1
CODECS = {1: "jpeg"}
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Frame:
    """One picture.

    Attributes:
        seq: counts up.
        captured_at: when the browser drew it.
        width: of the picture, in its pixels.
        height: of the picture, in its pixels.
        tab: the number of the tab it shows.
        input_width: the CSS pixels that coordinates of input refer to.
        input_height: the CSS pixels that coordinates of input refer to.
        codec: `jpeg`.
        image: the file's bytes.
    """

    seq: int
    captured_at: datetime
    width: int
    height: int
    tab: int
    input_width: int
    input_height: int
    codec: str
    image: bytes = field(repr=False)


def parse(message: bytes) -> Frame:
    """The frame of a binary message.

    Raises:
        ValueError: it is too short, or of a version or a codec that is not known here.
    """
    if len(message) < HEADER.size:
        raise ValueError(f"a frame of {len(message)} bytes has no whole header")
    version, codec, _flags, seq, captured, width, height, tab, input_width, input_height, _ = HEADER.unpack_from(
        message
    )
    if version != VERSION or codec not in CODECS:
        raise ValueError(f"frames of version {version} with codec {codec} are not known")
    return Frame(
        seq=seq,
        captured_at=EPOCH + timedelta(microseconds=captured),
        width=width,
        height=height,
        tab=tab,
        input_width=input_width,
        input_height=input_height,
        codec=CODECS[codec],
        image=message[HEADER.size :],
    )

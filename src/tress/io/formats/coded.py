"""How large the pictures are that AV1 and HEVC streams really hold, whatever the container around them announces."""

from __future__ import annotations

from collections.abc import Iterator

from tress.io.formats.outline import refuse

_AV1_SEQUENCE_HEADER, _HEVC_SEQUENCE_PARAMETERS = 1, 33
_MAX_UNITS = 20_000
# A description of the picture is no longer than this.
_UNIT_BYTES = 4096


class _Bits:
    """Reads bits, the most significant first; beyond the end they are 0."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            return 0
        return self._value >> self._left & ((1 << count) - 1)

    def exp_golomb(self) -> int:
        zeros = 0
        while self._left > 0 and not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros) if zeros <= 32 else 0


def av1_pixels(stream: bytes) -> int:
    """Pixels of the largest frame that the sequence headers in a stream of AV1 units allow; 0 if there is none."""
    return max((_av1_frame(content) for content in _av1_units(stream)), default=0)


def hevc_pixels(configuration: bytes, stream: bytes) -> int:
    """Pixels of the largest picture that an HEVC stream may hold; 0 if nothing describes it.

    Args:
        configuration: content of the box ``hvcC``.
        stream: units with their lengths before them.
    """
    if len(configuration) < 23:
        return 0
    length_bytes = (configuration[21] & 3) + 1
    units = [*_configured_units(configuration), *_hevc_units(stream, length_bytes)]
    return max((_hevc_picture(unit) for unit in units), default=0)


def _av1_units(stream: bytes) -> Iterator[bytes]:
    """The contents of sequence headers."""
    at = 0
    for _ in range(_MAX_UNITS):
        if at >= len(stream):
            return
        head = stream[at]
        at += 2 if head & 4 else 1
        length, shift = 0, 0
        if not head & 2:
            length = len(stream) - at
        while head & 2 and at < len(stream) and shift < 56:
            length |= (stream[at] & 0x7F) << shift
            shift += 7
            at += 1
            if not stream[at - 1] & 0x80:
                break
        if head >> 3 & 15 == _AV1_SEQUENCE_HEADER:
            yield stream[at : at + min(length, _UNIT_BYTES)]
        at += length
    refuse("the AVIF file holds a picture in too many parts")


def _av1_frame(content: bytes) -> int:
    bits = _Bits(content)
    bits.take(3 + 1)
    if bits.take(1):
        bits.take(5)
    else:
        _skip_av1_timing(bits)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    return (bits.take(width_bits) + 1) * (bits.take(height_bits) + 1)


def _skip_av1_timing(bits: _Bits) -> None:
    has_decoder_model, delay_bits = 0, 0
    if bits.take(1):
        bits.take(64)
        if bits.take(1):
            bits.exp_golomb()
        has_decoder_model = bits.take(1)
        if has_decoder_model:
            delay_bits = bits.take(5) + 1
            bits.take(32 + 5 + 5)
    has_display_delay = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if has_decoder_model and bits.take(1):
            bits.take(2 * delay_bits + 1)
        if has_display_delay and bits.take(1):
            bits.take(4)


def _configured_units(configuration: bytes) -> Iterator[bytes]:
    at = 23
    for _ in range(configuration[22]):
        count = int.from_bytes(configuration[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            length = int.from_bytes(configuration[at : at + 2], "big")
            yield configuration[at + 2 : at + 2 + length]
            at += 2 + length
            if at >= len(configuration):
                return


def _hevc_units(stream: bytes, length_bytes: int) -> Iterator[bytes]:
    at = 0
    for _ in range(_MAX_UNITS):
        if at + length_bytes >= len(stream):
            return
        length = int.from_bytes(stream[at : at + length_bytes], "big")
        at += length_bytes
        yield stream[at : at + min(length, _UNIT_BYTES)]
        at += length
    refuse("the HEIC file holds a picture in too many parts")


def _hevc_picture(unit: bytes) -> int:
    if len(unit) < 16 or unit[0] >> 1 & 63 != _HEVC_SEQUENCE_PARAMETERS:
        return 0
    # Two zeros are never followed by a small byte in a stream; a 3 that is put in between is no part of the content.
    bits = _Bits(unit[2:].replace(b"\0\0\3", b"\0\0"))
    bits.take(4)
    sub_layers = bits.take(3)
    bits.take(1 + 88 + 8)
    if sub_layers:
        present = [(bits.take(1), bits.take(1)) for _ in range(sub_layers)]
        bits.take(2 * (8 - sub_layers))
        for has_profile, has_level in present:
            bits.take(88 * has_profile + 8 * has_level)
    bits.exp_golomb()
    if bits.exp_golomb() == 3:
        bits.take(1)
    return bits.exp_golomb() * bits.exp_golomb()

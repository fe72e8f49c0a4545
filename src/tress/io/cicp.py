"""Colours told by code points (ITU-T H.273): two numbers, in PNG ``cICP`` and in the box ``nclx`` of AVIF and HEIF."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tress.io.shaper import D65, SRGB_PRIMARIES, Curve, Shaper, srgb_to_linear, to_xyz_d50

_UNSPECIFIED, _SRGB_LIKE = 2, (1, 6, 13, 14, 15)
_LINEAR, _PQ, _HLG, _GAMMA_22, _GAMMA_28 = 8, 16, 18, 4, 5
# Red, green and blue of each, and its white.
_PRIMARIES = {
    1: (*SRGB_PRIMARIES, D65),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
}
# The brightness of paper, and the peak that HLG is graded for (ITU-R BT.2408), in cd/m2.
_WHITE_NITS, _HLG_PEAK_NITS, _HLG_SYSTEM_GAMMA = 203.0, 1000.0, 1.2


@dataclass(frozen=True)
class CodePoints:
    """Primaries and transfer characteristics, by their numbers in H.273."""

    primaries: int
    transfer: int

    @property
    def is_srgb(self) -> bool:
        """Whether pictures look right taken as sRGB.

        The curves of television cameras count: screens show them with the curve of sRGB.
        """
        return self.primaries not in _PRIMARIES or (
            self.primaries == 1 and self.transfer in (*_SRGB_LIKE, _UNSPECIFIED)
        )

    @property
    def is_hdr(self) -> bool:
        """Whether the picture may be brighter than white."""
        return self.transfer in (_PQ, _HLG)

    @property
    def warning(self) -> str:
        """What is cut off or not known; or nothing."""
        if self.is_hdr:
            return "the picture is HDR (PQ or HLG): what is brighter than white was cut off"
        if self.shaper() is None and not self.is_srgb:
            return "the colours of the file are of a kind that tress does not know; they were taken for sRGB"
        return ""

    def shaper(self) -> Shaper | None:
        """The way to sRGB; None if there is nothing to do, or the curve is not known."""
        curve = _curve(self.transfer)
        if (self.is_srgb and not self.is_hdr) or curve is None:
            return None
        *primaries, white = _PRIMARIES.get(self.primaries, _PRIMARIES[1])
        return Shaper((curve, curve, curve), to_xyz_d50(tuple(primaries), white))


SRGB = CodePoints(1, 13)


def _curve(transfer: int) -> Curve | None:
    if transfer in (*_SRGB_LIKE, _UNSPECIFIED):
        return srgb_to_linear
    if transfer == _LINEAR:
        return np.array
    if transfer in (_GAMMA_22, _GAMMA_28):
        return lambda v: v ** (2.2 if transfer == _GAMMA_22 else 2.8)
    return {_PQ: _pq, _HLG: _hlg}.get(transfer)


def _pq(v: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """SMPTE ST 2084; 1 is white, and brighter is cut off later."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = v ** (1 / m2)
    return 10_000 / _WHITE_NITS * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)


def _hlg(v: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """ARIB STD-B67 as a screen of 1000 cd/m2 shows it, each channel by itself."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(v <= 0.5, v**2 / 3, (np.exp((v - c) / a) + b) / 12)
    return _HLG_PEAK_NITS / _WHITE_NITS * scene**_HLG_SYSTEM_GAMMA

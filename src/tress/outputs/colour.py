"""CSS colours: names, hex with 3, 4, 6 or 8 digits, rgb() and hsl() in the old and the new notation.

CSS Color Module Level 4.  Not understood: wide-gamut functions, ``currentcolor`` and system colours.
"""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass

_NAMES = """
aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc bisque ffe4c4 black
000000 blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a burlywood deb887 cadetblue 5f9ea0 chartreuse
7fff00 chocolate d2691e coral ff7f50 cornflowerblue 6495ed cornsilk fff8dc crimson dc143c cyan 00ffff darkblue 00008b
darkcyan 008b8b darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400 darkgrey a9a9a9 darkkhaki bdb76b darkmagenta
8b008b darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc darkred 8b0000 darksalmon e9967a darkseagreen 8fbc8f
darkslateblue 483d8b darkslategray 2f4f4f darkslategrey 2f4f4f darkturquoise 00ced1 darkviolet 9400d3 deeppink ff1493
deepskyblue 00bfff dimgray 696969 dimgrey 696969 dodgerblue 1e90ff firebrick b22222 floralwhite fffaf0 forestgreen
228b22 fuchsia ff00ff gainsboro dcdcdc ghostwhite f8f8ff gold ffd700 goldenrod daa520 gray 808080 green 008000
greenyellow adff2f grey 808080 honeydew f0fff0 hotpink ff69b4 indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c
lavender e6e6fa lavenderblush fff0f5 lawngreen 7cfc00 lemonchiffon fffacd lightblue add8e6 lightcoral f08080 lightcyan
e0ffff lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen 90ee90 lightgrey d3d3d3 lightpink ffb6c1 lightsalmon
ffa07a lightseagreen 20b2aa lightskyblue 87cefa lightslategray 778899 lightslategrey 778899 lightsteelblue b0c4de
lightyellow ffffe0 lime 00ff00 limegreen 32cd32 linen faf0e6 magenta ff00ff maroon 800000 mediumaquamarine 66cdaa
mediumblue 0000cd mediumorchid ba55d3 mediumpurple 9370db mediumseagreen 3cb371 mediumslateblue 7b68ee
mediumspringgreen 00fa9a mediumturquoise 48d1cc mediumvioletred c71585 midnightblue 191970 mintcream f5fffa mistyrose
ffe4e1 moccasin ffe4b5 navajowhite ffdead navy 000080 oldlace fdf5e6 olive 808000 olivedrab 6b8e23 orange ffa500
orangered ff4500 orchid da70d6 palegoldenrod eee8aa palegreen 98fb98 paleturquoise afeeee palevioletred db7093
papayawhip ffefd5 peachpuff ffdab9 peru cd853f pink ffc0cb plum dda0dd powderblue b0e0e6 purple 800080 rebeccapurple
663399 red ff0000 rosybrown bc8f8f royalblue 4169e1 saddlebrown 8b4513 salmon fa8072 sandybrown f4a460 seagreen 2e8b57
seashell fff5ee sienna a0522d silver c0c0c0 skyblue 87ceeb slateblue 6a5acd slategray 708090 slategrey 708090 snow
fffafa springgreen 00ff7f steelblue 4682b4 tan d2b48c teal 008080 thistle d8bfd8 tomato ff6347 turquoise 40e0d0 violet
ee82ee wheat f5deb3 white ffffff whitesmoke f5f5f5 yellow ffff00 yellowgreen 9acd32
"""
NAMES: dict[str, str] = dict(re.findall(r"(\w+)\s+([0-9a-f]{6})", _NAMES))

_HEX = re.compile(r"#?((?:[0-9a-f]{3}){1,2}|(?:[0-9a-f]{4}){1,2})")
_FUNCTION = re.compile(r"(rgb|hsl)a?\(([^()]*)\)")
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?"
_COMPONENT = re.compile(rf"({_NUMBER})(%|deg|rad|grad|turn)?")
_DEGREES = {None: 1.0, "deg": 1.0, "grad": 0.9, "rad": 57.29577951308232, "turn": 360.0}


@dataclass(frozen=True)
class Colour:
    """An sRGB colour.

    Attributes:
        red, green, blue: 0 to 255.
        alpha: opacity, 0 to 1.
    """

    red: int
    green: int
    blue: int
    alpha: float = 1.0

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Red, green and blue."""
        return self.red, self.green, self.blue

    def __str__(self) -> str:
        alpha = "" if self.alpha == 1 else f"{round(self.alpha * 255):02x}"
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}{alpha}"


def read_colour(text: str) -> Colour:
    """Understands a CSS colour.

    Raises:
        ValueError: it is not one.
    """
    word = text.strip().lower()
    if word == "transparent":
        return Colour(0, 0, 0, 0.0)
    if hexadecimal := _HEX.fullmatch(NAMES.get(word, word)):
        return _from_hex(hexadecimal[1])
    if function := _FUNCTION.fullmatch(word):
        return _from_function(function[1], function[2])
    raise ValueError("a CSS colour")


def _from_hex(digits: str) -> Colour:
    if len(digits) <= 4:
        digits = "".join(digit * 2 for digit in digits)
    red, green, blue, *alpha = bytes.fromhex(digits)
    return Colour(red, green, blue, alpha[0] / 255 if alpha else 1.0)


def _from_function(name: str, inside: str) -> Colour:
    # Old notation: commas only.  New: spaces, with a slash before alpha.
    parts = inside.split(",", 5) if "," in inside else inside.replace("/", " / ").split(None, 5)
    if len(parts) == 5 and parts[3] == "/":
        del parts[3]
    components = [_COMPONENT.fullmatch(part.strip()) for part in parts]
    if len(components) not in {3, 4} or not all(components):
        raise ValueError("a CSS colour")
    pairs = [(float(c[1]), c[2]) for c in components if c]
    alpha = _unit(pairs[3]) if len(pairs) == 4 else 1.0
    if name == "rgb":
        channels = [_unit(p) if p[1] == "%" else _unit((p[0] / 255, p[1])) for p in pairs[:3]]
    else:
        (hue, angle), saturation, lightness = pairs[:3]
        if angle not in _DEGREES or saturation[1] not in {"%", None} or lightness[1] not in {"%", None}:
            raise ValueError("a CSS colour")
        # CSS allows to leave out the percent sign: hsl(120 100 50).
        s, li = _unit((saturation[0], "%")), _unit((lightness[0], "%"))
        channels = list(colorsys.hls_to_rgb(hue * _DEGREES[angle] / 360 % 1, li, s))
    red, green, blue = (int(channel * 255 + 0.5) for channel in channels)
    return Colour(red, green, blue, alpha)


def _unit(component: tuple[float, str | None]) -> float:
    """A number, or a percentage, clamped to [0, 1] as CSS asks for."""
    value, unit = component
    if unit not in {"%", None}:
        raise ValueError("a CSS colour")
    return min(1.0, max(0.0, value / 100 if unit == "%" else value))

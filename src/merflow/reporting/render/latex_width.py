"""Widths of text in LaTeX's default font, Computer Modern, so that tables are made to fit."""

import re

SMALL, FOOTNOTE, SCRIPT = 9.0, 8.0, 7.0
"""Sizes (pt) of \\small, \\footnotesize and \\scriptsize in a document of 10 pt."""
WIDER = {SMALL: 1.028, FOOTNOTE: 1.0625, SCRIPT: 1.139}
"""Computer Modern is drawn wider at small sizes: width of a digit, as a multiple of cmr10's."""
BOLD = 1.15
CMR10 = {
    277: "!',.:;[]il_`",
    333: " -",
    388: "()t",
    500: '"$*/0123456789\\^agov{}~',
    777: "&+=@±×÷−",
    833: "#%m",
    391: "r",
    305: "fj",
    361: "I",
    394: "s",
    444: "cez",
    472: "?§†‡",
    513: "J",
    527: "kqvxy",
    555: "bdhnpuS",
    611: "Z",
    625: "L",
    652: "F",
    680: "EP",
    708: "B",
    722: "CTw",
    736: "R",
    750: "AHNUVX",
    763: "D",
    778: "<>KOQ",
    784: "G",
    916: "M",
    1027: "W",
}
"""Width (1/1000 of the size) -> characters; of all others W's."""
OF = {char: width / 1000 for width, chars in CMR10.items() for char in chars}
WIDEST = 1.027
BREAKS = re.compile(r"(?<=[-=_,/.])(?=[^\s\d])")
"""Where a word may be broken at the end of a line; after a hyphen LaTeX does so itself."""
SOFT = re.compile(r"(?<=[=_,/.])(?=[^\s\d])")


def text_width(text: str, size: float = SMALL, *, bold: bool = False) -> float:
    """Return the width (pt) of a text in one line, an upper bound: kerns and ligatures narrow it.

    >>> round(text_width("0.735 [.66, .80]"), 1)
    56.7
    """
    width = sum(OF.get(char, WIDEST) for char in text)
    return width * size * WIDER[size] * (BOLD if bold else 1)


def pieces(text: str) -> list[str]:
    """Return the parts of a text that stay on one line."""
    return [piece for word in text.split() for piece in BREAKS.split(word)]

"""The marks and phrases that Curator's filters look for. Facts of its `utils/constants.py`."""

from __future__ import annotations

from typing import Final

import numpy as np

from beam_jobs.kernels.characters import Bytes, whole
from beam_jobs.kernels.jit import inner, part
from beam_jobs.kernels.white_space.phrases import Phrases, phrases

BULLETS: Final = "•‣⁃⁌⁍∙○●◘◦⦾⦿"
_BULLET_POINTS: Final = tuple(ord(mark) for mark in BULLETS)

ELLIPSES: Final = ("...", "[...]", "…", "(...)", "[…]", "-»")
"""Words that are ellipses; lines end with one of them, or with `READ_MORE`."""
READ_MORE: Final = ("read more..", "read more")

LOREM_IPSUM: Final = "lorem ipsum"
POLICIES: Final = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "privacy overview",
    "use of cookies",
    "use cookies",
    "privacy & cookies policy",
    "privacy and cookies policy",
    "necessary cookies are absolutely essential for the website to function properly. this category only includes "
    "cookies that ensures basic functionalities and security features of the website. these cookies do not store any "
    "personal information.",
    "any cookies that may not be particularly necessary for the website to function and is used specifically to "
    "collect user personal data via analytics, ads, other embedded contents are termed as non-necessary cookies. it is "
    "mandatory to procure user consent prior to running these cookies on your website.",
    "if you continue to browse this site without changing your cookie settings, you agree to this use. acceptread more",
)
"""Curator's list but for two long phrases that hold "uses cookies" anyway."""

LOREM: Final = 0  # the number of lorem ipsum among the phrases


def boilerplate() -> Phrases:
    """Lorem ipsum and the policies."""
    return phrases([LOREM_IPSUM, *POLICIES])


def read_more() -> Phrases:
    """The phrases that count as an ellipsis at a line's end."""
    return phrases(READ_MORE)


_LONGEST: Final = max(len(mark.encode()) for mark in ELLIPSES)
_DOTS, _DOTS_IN_SQUARES, _ONE, _DOTS_IN_ROUNDS, _ONE_IN_SQUARES, _ARROW = (
    np.frombuffer(mark.encode(), np.uint8) for mark in ELLIPSES
)


@inner
def is_bullet(point: int) -> bool:
    """Whether a line that starts with this code point is a bullet."""
    return point >= 0x2022 and point in _BULLET_POINTS


@inner
def is_end_mark(byte: int) -> bool:
    """Whether a line that ends with this byte ends with one of . ? ! " '."""
    return byte == 0x2E or byte == 0x3F or byte == 0x21 or byte == 0x22 or byte == 0x27


@inner
def _ends(text: Bytes, stop: int, mark: Bytes) -> bool:
    start = stop - len(mark)
    if start < 0:
        return False
    for place in range(len(mark)):
        if whole(text[start + place]) != whole(mark[place]):
            return False
    return True


@part
def is_ellipsis(text: Bytes, start: int, stop: int) -> bool:
    """Whether the word [start, stop) is an ellipsis."""
    size = stop - start
    if size > _LONGEST:
        return False
    return (
        (size == len(_DOTS) and _ends(text, stop, _DOTS))
        or (size == len(_ONE) and _ends(text, stop, _ONE))
        or (size == len(_DOTS_IN_SQUARES) and _ends(text, stop, _DOTS_IN_SQUARES))
        or (size == len(_DOTS_IN_ROUNDS) and _ends(text, stop, _DOTS_IN_ROUNDS))
        or (size == len(_ONE_IN_SQUARES) and _ends(text, stop, _ONE_IN_SQUARES))
        or (size == len(_ARROW) and _ends(text, stop, _ARROW))
    )


@part
def ends_in_ellipsis(text: Bytes, stop: int) -> bool:
    """Whether the text up to `stop` ends with an ellipsis."""
    return (
        _ends(text, stop, _DOTS)
        or _ends(text, stop, _ONE)
        or _ends(text, stop, _DOTS_IN_SQUARES)
        or _ends(text, stop, _DOTS_IN_ROUNDS)
        or _ends(text, stop, _ONE_IN_SQUARES)
        or _ends(text, stop, _ARROW)
    )

"""Lists of words that signals look for, as others have published them: each file names its source and licence.

Stop words: stopwords-json (Apache-2.0), what RedPajama-V2 takes. Bad words: LDNOOBW (CC-BY-4.0), what C4 and
RedPajama-V2 take. Of the five languages of RedPajama-V2.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

LANGUAGES: Final = ("de", "en", "es", "fr", "it")


@cache
def stop_words() -> Mapping[str, tuple[str, ...]]:
    """By language, words as the list spells them; some hold an apostrophe or another mark."""
    words = _words("stop_words.json")
    return {language: tuple(words[language].split()) for language in LANGUAGES}


@cache
def bad_words() -> Mapping[str, tuple[str, ...]]:
    """By language, entries of a word or several with blanks between them, as the list spells them."""
    words = _words("bad_words.json")
    return {language: tuple(_inflated(words[language]).split("\n")) for language in LANGUAGES}


def _words(name: str) -> dict[str, str]:
    content = json.loads((resources.files(__name__) / name).read_text("utf-8"))
    words: dict[str, str] = content["words"]
    return words


def _inflated(text: str) -> str:
    return zlib.decompress(base64.b85decode(text)).decode()

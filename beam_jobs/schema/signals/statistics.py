"""Strata's own statistics of a text: entropy, kinds of characters, scripts, readability, addresses, LaTeX, code, lists.

Words, lines and paragraphs are as in `text`. Every share of nothing is 0, and so is every number of a text without a
word. Ratios that other tools take under their own countings are in those tools' groups (`rps_...`, `datatrove_...`).
Tokens per character are in the group `text`, which counts the tokens.

Entropies are the same to the last bit on every machine (see `kernels.statistics.logarithm`). The compression ratio is
LZ4's as pyarrow carries it: deterministic for one version of pyarrow, which `requirements.txt` pins; another may find
other matches, and then the signal's version goes up.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from beam_jobs.schema.signals.signal import Signal

GROUP: Final = "statistics"
FLESCH: Final = (
    "Flesch 1948, A new readability yardstick; as textstat and data-prep-kit's readability count it"
)
EFLAW: Final = "McAlpine 2006, From Plain English to Global English; counted as by textstat in data-prep-kit"
GREATEST_EASE: Final = 121.22
SHANNON: Final = "Shannon 1948, A mathematical theory of communication"


def _count(name: str, unit: str, definition: str, source: str = "Strata") -> Signal:
    return Signal(GROUP, name, pa.int64(), unit, definition, source, counted=name)


def _ratio(
    name: str,
    counted: str,
    per: str,
    definition: str,
    *,
    maximum: float | None = 1,
) -> Signal:
    unit = "share" if per == "scripted" else f"{counted} per {per}".replace("_", " ")
    return Signal(
        GROUP, name, pa.float64(), unit, definition, "Strata", maximum=maximum, counted=counted, per=per
    )


def _number(
    name: str, unit: str, definition: str, source: str = "Strata", *, maximum: float | None = None
) -> Signal:
    return Signal(GROUP, name, pa.float64(), unit, definition, source, maximum=maximum)


_INFORMATION = (
    _number(
        "compression_ratio",
        "bytes per byte",
        "Bytes of the text per byte that LZ4 (a single raw block) makes of it: the more it repeats itself, the higher.",
        "Strata; after Shaib et al. 2024, arXiv:2403.00553, who compress with gzip; LZ4 is several times faster",
    ),
    _number(
        "character_entropy",
        "bits",
        "Shannon entropy of the text's code points: of which it is made, whatever their order.",
        SHANNON,
        maximum=21,
    ),
    _number("word_entropy", "bits", "Shannon entropy of the text's words.", SHANNON),
    _ratio("unique_word_ratio", "distinct_words", "words", "Different words per word."),
)

_CHARACTERS = (
    _ratio("digit_ratio", "digits", "characters", "Share of characters that are digits (str.isdigit)."),
    _ratio(
        "uppercase_ratio",
        "capitals",
        "letters",
        "Share of letters (str.isalpha) that are capitals (str.isupper).",
    ),
    _ratio(
        "punctuation_ratio",
        "punctuation",
        "characters",
        "Share of characters that are punctuation (general category P; $ + < = > ^ ` | ~ are not, they are symbols).",
    ),
    _ratio(
        "white_space_ratio",
        "white_space",
        "characters",
        "Share of characters that are white space (str.isspace).",
    ),
    Signal(
        GROUP,
        "main_script",
        pa.string(),
        "ISO 15924 code",
        "The script of most characters, of those that belong to one (Unicode property Script, neither Common nor "
        "Inherited); of equals the first by its code; null where no character does.",
        "Unicode Standard Annex 24",
        minimum=None,
        nullable=True,
    ),
    _ratio(
        "main_script_share",
        "main_scripted",
        "scripted",
        "Share of the main script among the characters that belong to a script.",
    ),
    _ratio(
        "second_script_share",
        "second_scripted",
        "scripted",
        "Share of the second most frequent script among the characters that belong to a script.",
        maximum=0.5,
    ),
)

_READABILITY = (
    _count(
        "sentences",
        "sentences",
        "Stretches of at least three words between marks that end sentences, . ! ? and those of other scripts; at "
        "least 1 in a text with a letter or a decimal digit. A word is here what holds one and is interrupted by "
        "neither white space nor such a mark; of scripts without spaces (Han, Thai ...) a letter.",
        EFLAW,
    ),
    _ratio(
        "words_per_sentence",
        "readable_words",
        "sentences",
        "Words with a letter or a decimal digit per sentence.",
        maximum=None,
    ),
    _number(
        "mcalpine_eflaw",
        "words per sentence",
        "Words with a letter or a decimal digit, those with at most three of them counted twice, per sentence. Up to "
        "20 is very easy, above 30 confusing. Made for English.",
        EFLAW,
    ),
    Signal(
        GROUP,
        "flesch_reading_ease",
        pa.float64(),
        "points",
        "206.835 - 1.015 words per sentence - 84.6 syllables per word: 100 is very easy, 0 very hard. The syllables "
        "of a word are its runs of the vowels a e i o u y, accents disregarded, without a last letter e behind a "
        "consonant (but with that of -ble, -tle ...: behind l and a consonant before it); at least one. For English.",
        FLESCH,
        minimum=None,
        maximum=GREATEST_EASE,
    ),
)

_HOLDINGS = (
    _ratio(
        "url_word_ratio",
        "url_words",
        "words",
        "Share of words that hold an address: '://' behind a letter, or 'www.' and more at the start or behind marks.",
    ),
    _ratio(
        "email_word_ratio",
        "email_words",
        "words",
        "Share of words that hold an e-mail address: @ between two letters or digits, further on a full stop before "
        "a letter, all of ASCII.",
    ),
    _ratio(
        "latex_word_ratio",
        "latex_words",
        "words",
        "Share of words that hold LaTeX: a reverse solidus before a letter of ASCII or one of ( ) [ ] { }, ^ or _ "
        "before an opening brace, or two dollar signs. Paths with reverse solidi look like it.",
    ),
    _ratio(
        "code_likelihood",
        "code_characters",
        "word_characters",
        "Share of the characters of words that lie in lines that look like code. Those have at least two of: an "
        "indent (two blanks or a tab); a keyword as their first word (def class function func fn import return const "
        "let var public private static void int if for while else elif try except #include); // or /* at their "
        "start; an operator in a word (== != <= >= => -> :: := && || += -= *= /= () [] {} </ />, or = as a word); an "
        "ASCII letter, digit or _ before ( or [; _ between two of them; one of ; { } ( [ at their end.",
    ),
)

_LAYOUT = (
    _ratio(
        "mean_line_length",
        "line_characters",
        "lines",
        "Code points per line, from its first word to its last.",
        maximum=None,
    ),
    _ratio(
        "list_line_fraction",
        "list_lines",
        "lines",
        "Share of lines that start with a bullet (as for bullet_line_ratio; - and * only if they stand alone) or an "
        "enumerator: one to three digits or a letter of ASCII, then a full stop or ) or both, perhaps with ( before.",
    ),
    _ratio(
        "table_line_fraction",
        "table_lines",
        "lines",
        "Share of lines with at least two vertical bars, or with a tab between words.",
    ),
)

SIGNALS: Final = (*_INFORMATION, *_CHARACTERS, *_READABILITY, *_HOLDINGS, *_LAYOUT)

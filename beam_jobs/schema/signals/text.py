"""Strata's own signals of a text: size, quality and repetition, an exact reading of the Gopher paper.

Two terms hold throughout. A *word* is a maximal run of characters that are not white space (Unicode, as Python's
`str.split`); a *line* is what `str.splitlines` gives, with at least one word; a *paragraph* is a maximal run of lines
with no blank line between them. Lines, paragraphs and n-grams are equal when their words are, whatever the white space.
A *duplicate* is a second or later copy. Fractions of characters count characters of words, never white space, on both
sides of the division, so that they lie between 0 and 1 and layout does not matter. An empty text gives 0 everywhere.

Each signal is `counted`, divided by `per` where given (0 when that is 0): both are names of `kernels.counts`.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from beam_jobs.schema.signals.signal import Signal

GROUP: Final = "text"
GOPHER: Final = "Rae et al. 2021, arXiv:2112.11446, appendix A.1"


def _count(name: str, unit: str, definition: str, *, source: str = "", counted: str | None = None) -> Signal:
    return Signal(GROUP, name, pa.int64(), unit, definition, source, counted=counted or name)


def _ratio(name: str, counted: str, per: str, definition: str, *, maximum: float | None = 1) -> Signal:
    unit = f"{counted} per {per}"
    return Signal(
        GROUP, name, pa.float64(), unit, definition, GOPHER, maximum=maximum, counted=counted, per=per
    )


_SIZE = (
    _count("characters", "code points", "Unicode code points of the text."),
    _count("bytes", "bytes", "Bytes of the text in UTF-8."),
    _count("words", "words", "Maximal runs of characters that are not white space.", source=GOPHER),
    _count("lines", "lines", "Lines with at least one word; CR LF is one line break."),
    _count(
        "paragraphs",
        "paragraphs",
        "Maximal runs of lines without a blank line (one with no word) between them.",
    ),
    _count(
        "tokens_estimated",
        "tokens",
        "Estimated subword tokens. The text is cut into pieces as byte-pair tokenisers do before merging: runs of "
        "letters and marks, of numeric characters, and of anything else but white space. A piece stands for the sum "
        "over its UTF-8 bytes, rounded up, of 1/7 for letters with case or modifier letters, 1/4 for other letters "
        "and marks, 1/3 for anything else. A run of white space stands for 1 unless it is a single U+0020.",
        source="Strata; weights after published characters-per-token figures of vocabularies of 100,000 and more",
        counted="tokens",
    ),
    Signal(
        GROUP,
        "tokens_per_character",
        pa.float64(),
        "tokens per character",
        "Estimated tokens (tokens_estimated) per code point.",
        "After GneissWeb (Gohari et al. 2025, arXiv:2502.14907), which counts the tokens of StarCoder's tokeniser",
        counted="tokens",
        per="characters",
    ),
)

_QUALITY = (
    _ratio("mean_word_length", "word_characters", "words", "Characters of words per word.", maximum=None),
    _ratio("alphabetic_word_ratio", "alphabetic_words", "words", "Share of words with at least one letter."),
    _ratio("hash_ratio", "hashes", "words", "Number signs (U+0023) per word.", maximum=None),
    _ratio(
        "ellipsis_ratio",
        "ellipses",
        "words",
        "Ellipses per word: U+2026, and three full stops (a run of n full stops holds n div 3).",
        maximum=None,
    ),
    _ratio("symbol_ratio", "symbols", "words", "Number signs and ellipses, added, per word.", maximum=None),
    _ratio(
        "bullet_line_ratio",
        "bullet_lines",
        "lines",
        "Share of lines whose first character that is not white space is one of - * – • ‣ ⁃ ⁌ ⁍ ∙ ■ □ ▪ ▫ ▶ ◀ ○ ● "
        "◘ ◦ ⦾ ⦿: the union of the marks that datatrove, NeMo Curator, Dolma, DCLM and RedPajama-V2 take for bullets.",
    ),
    _ratio(
        "ellipsis_line_ratio",
        "ellipsis_lines",
        "lines",
        "Share of lines whose last word ends with U+2026 or three full stops.",
    ),
    Signal(
        GROUP,
        "stop_words",
        pa.int64(),
        "words of eight",
        "How many different ones of the, be, to, of, and, that, have, with occur as words, ASCII case and all that is "
        "not alphanumeric at either end of a word disregarded.",
        GOPHER,
        maximum=8,
        counted="stop_words",
    ),
)

_REPETITION = (
    _ratio("duplicate_line_fraction", "duplicate_lines", "lines", "Share of lines that are duplicates."),
    _ratio(
        "duplicate_paragraph_fraction",
        "duplicate_paragraphs",
        "paragraphs",
        "Share of paragraphs that are duplicates.",
    ),
    _ratio(
        "duplicate_line_character_fraction",
        "duplicate_line_characters",
        "word_characters",
        "Share of the characters that lie in duplicate lines.",
    ),
    _ratio(
        "duplicate_paragraph_character_fraction",
        "duplicate_paragraph_characters",
        "word_characters",
        "Share of the characters that lie in duplicate paragraphs.",
    ),
    *(
        _ratio(
            f"top_{n}_gram_character_fraction",
            f"top_{n}_gram_characters",
            "word_characters",
            f"Share of the characters that lie in any copy of the most frequent run of {n} words, overlapping copies "
            "counted once; of equally frequent ones the first to occur; 0 when none occurs twice.",
        )
        for n in (2, 3, 4)
    ),
    *(
        _ratio(
            f"duplicate_{n}_gram_character_fraction",
            f"duplicate_{n}_gram_characters",
            "word_characters",
            f"Share of the characters that lie in a duplicate of a run of {n} words (any run's second or later copy), "
            "each character counted once.",
        )
        for n in (5, 6, 7, 8, 9, 10)
    ),
)

SIGNALS: Final = (*_SIZE, *_QUALITY, *_REPETITION)

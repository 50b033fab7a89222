"""What NeMo Curator's heuristic filters count, as that tool counts it.

Terms. A *word* is a maximal run of characters that are not white space. A *line* is what stands between line feeds
(U+000A), as it stands, with at least one word; Curator calls it a sentence. A *paragraph* is what stands between pairs
of line feeds as `str.split` finds them from the left, so that an empty one is a paragraph too; a text without a word
has none. Lines and paragraphs are equal when their bytes are. Fractions of characters are of all code points of the
text, white space too, but for lines' and paragraphs' own. An empty text, and any ratio to nothing, gives 0, where
Curator gives what its filter drops, or fails.

Left out: `words` and `mean_word_length` are Curator's WordCountFilter and MeanWordLengthFilter already. TokenCount
needs a tokeniser's vocabulary, Histogram the NLLB histograms, the fastText filters a model; the filters of source code
read program files, not pages. For Chinese and Japanese, Curator cuts words by dictionaries; here white space does.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from beam_jobs.schema.signals.signal import Signal

GROUP: Final = "curator"
TOOL: Final = "NeMo Curator 1.3"


def _count(name: str, counted: str, unit: str, definition: str, source: str) -> Signal:
    return Signal(GROUP, name, pa.int64(), unit, definition, f"{TOOL}, {source}", counted=counted)


def _ratio(name: str, of: tuple[str, str], definition: str, source: str) -> Signal:
    counted, per = of
    unit = f"{counted} per {per}"
    return Signal(
        GROUP,
        name,
        pa.float64(),
        unit,
        definition,
        f"{TOOL}, {source}",
        maximum=1,
        counted=counted,
        per=per,
    )


_CHARACTERS = (
    _ratio(
        "curator_non_alphanumeric_ratio",
        ("non_alphanumerics", "characters"),
        "Share of characters other than ASCII letters and digits, line feeds and ? ! , . (so that a blank is one).",
        "NonAlphaNumericFilter",
    ),
    _ratio("curator_digit_ratio", ("digits", "characters"), "Share of characters 0 to 9.", "NumbersFilter"),
    _ratio(
        "curator_url_ratio",
        ("url_characters", "characters"),
        "Share of characters in URLs: http:// or https:// and what follows of the characters that RFC 3986 lets a URL "
        "hold, at least one. Curator's pattern has no slash and so ends where the host does.",
        "UrlsFilter",
    ),
    _ratio(
        "curator_white_space_ratio",
        ("white_space", "characters"),
        "Share of characters that are tab, line feed, carriage return, backspace or blank.",
        "WhiteSpaceFilter",
    ),
    _ratio(
        "curator_bracket_ratio",
        ("brackets", "characters"),
        "Share of characters that are one of { } ⟨ ⟩ [ ] ( ).",
        "ParenthesesFilter",
    ),
)

_WORDS = (
    _ratio(
        "curator_symbol_word_ratio",
        ("symbol_words", "words"),
        "Share of words that are an ellipsis (... [...] … (...) […] -») or of which more than half of the characters "
        "are number signs. Curator counts runs of number signs, so that ## is none.",
        "SymbolsToWordsFilter",
    ),
    _count(
        "curator_longest_word",
        "longest_word",
        "code points",
        "Characters of the longest word.",
        "LongWordFilter",
    ),
    _ratio(
        "curator_alphabetic_word_ratio",
        ("alphabetic_words", "words"),
        "Share of words with at least one character of Unicode's property Alphabetic.",
        "WordsWithoutAlphabetsFilter",
    ),
    _count(
        "curator_common_english_words",
        "common_english_words",
        "words",
        "Words that are one of the, be, to, of, and, that, have, with: in small letters, nothing else in the word, "
        "every occurrence.",
        "CommonEnglishWordsFilter",
    ),
    _count(
        "curator_pornographic_urls",
        "pornographic_urls",
        "URLs",
        'URLs, as in `curator_url_ratio`, that hold "porn", ASCII case disregarded; Curator regards it.',
        "PornographicUrlsFilter",
    ),
)

_LINES = (
    _ratio(
        "curator_unmarked_line_ratio",
        ("unmarked_lines", "lines"),
        "Share of lines whose last character but for white space is none of . ? ! \" '.",
        "PunctuationFilter",
    ),
    _ratio(
        "curator_ellipsis_line_ratio",
        ("ellipsis_lines", "lines"),
        "Share of lines that end, but for white space, with ... [...] … (...) […] -» or, ASCII case disregarded, "
        "with read more or read more..",
        "EllipsisFilter",
    ),
    _ratio(
        "curator_bullet_line_ratio",
        ("bullet_lines", "lines"),
        "Share of lines whose first character but for white space is one of • ‣ ⁃ ⁌ ⁍ ∙ ○ ● ◘ ◦ ⦾ ⦿.",
        "BulletsFilter",
    ),
    _ratio(
        "curator_boilerplate_paragraph_ratio",
        ("boilerplate_paragraphs", "paragraphs"),
        "Share of paragraphs that hold one of Curator's policy phrases (terms of use, privacy policy ...), "
        "ASCII case disregarded; 1 if the text holds lorem ipsum.",
        "BoilerPlateStringFilter",
    ),
)

_REPETITION = (
    _ratio(
        "curator_unique_line_fraction",
        ("unique_lines", "lines"),
        "Different lines per line.",
        "RepeatedLinesFilter",
    ),
    _ratio(
        "curator_unique_line_character_fraction",
        ("unique_line_characters", "line_characters"),
        "Characters of different lines per character of lines.",
        "RepeatedLinesByCharFilter",
    ),
    _ratio(
        "curator_unique_paragraph_fraction",
        ("unique_paragraphs", "paragraphs"),
        "Different paragraphs per paragraph.",
        "RepeatedParagraphsFilter",
    ),
    _ratio(
        "curator_unique_paragraph_character_fraction",
        ("unique_paragraph_characters", "paragraph_characters"),
        "Characters of different paragraphs per character of paragraphs.",
        "RepeatedParagraphsByCharFilter",
    ),
    *(
        _ratio(
            f"curator_top_{n}_gram_character_fraction",
            (f"top_{n}_gram_characters", "characters"),
            f"Share of the characters by which the text shrinks when the most frequent run of {n} words, written with "
            "single blanks, is cut out wherever it stands, from the left, within longer words too; of equally frequent "
            "ones the first to occur; 0 when none occurs twice.",
            "RepeatingTopNGramsFilter",
        )
        for n in (2, 3, 4)
    ),
    *(
        _ratio(
            f"curator_duplicate_{n}_gram_character_fraction",
            (f"duplicate_{n}_gram_characters", "characters"),
            f"Share of the characters in second and later copies of runs of {n} words, each counted once, a blank "
            "between two words counted with them.",
            "RepeatingDuplicateNGramsFilter",
        )
        for n in (5, 6, 7, 8, 9, 10)
    ),
)

SIGNALS: Final = (*_CHARACTERS, *_WORDS, *_LINES, *_REPETITION)

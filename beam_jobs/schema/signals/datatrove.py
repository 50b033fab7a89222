"""What datatrove's filters count: Gopher's quality and repetition rules, C4's and FineWeb's, as those tools count them.

Terms. A *word* is a segment of Unicode Standard Annex 29 that is not white space (text is cut at white space first), so
that punctuation marks are words of their own; datatrove asks spaCy, whose tokens differ at abbreviations, contractions
and hyphens. A *counted word* has a character that is not in datatrove's set of punctuation. Three kinds of lines: a
*split line* is one of `str.splitlines`; a *written line* is one between line feeds (U+000A) that is not all white
space; a *run* is one of `re.split` at runs of line feeds, of a text that begins or ends with them an empty one too. A
*paragraph* is what stands between runs of two or more line feeds, white space around the text put aside. Runs,
paragraphs and written lines are equal when their bytes are. A *duplicate* is a second or later copy. Fractions of
characters are of all code points of the text, white space too. An empty text, and any ratio to nothing, gives 0.

C4's lines are split lines. Under each of three variants (`c4_`: the paper's code; `datatrove_c4_`: C4QualityFilter;
`fineweb_c4_`: that filter without the rule on how lines end, as FineWeb runs it) the signals say what C4 would keep;
they cut nothing. C4's list of bad words is not among them.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from beam_jobs.schema.signals.signal import Signal

GROUP: Final = "datatrove"
QUALITY: Final = "datatrove 0.10, GopherQualityFilter"
REPETITION: Final = "datatrove 0.10, GopherRepetitionFilter"
FINEWEB: Final = "datatrove 0.10, FineWebQualityFilter"
FINEWEB2: Final = "Penedo et al. 2025, arXiv:2506.20920; huggingface/fineweb-2, configs"
C4: Final = "Raffel et al. 2020, JMLR 21(140), section 2.2; TensorFlow Datasets, c4_utils"


def _count(name: str, counted: str, unit: str, definition: str, source: str) -> Signal:
    return Signal(GROUP, name, pa.int64(), unit, definition, source, counted=counted)


def _ratio(
    name: str, of: tuple[str, str], definition: str, source: str, *, maximum: float | None = 1
) -> Signal:
    counted, per = of
    unit = f"{counted} per {per}"
    return Signal(
        GROUP, name, pa.float64(), unit, definition, source, maximum=maximum, counted=counted, per=per
    )


_QUALITY = (
    _count(
        "datatrove_words",
        "words",
        "words",
        "Counted words: with a character that is not punctuation.",
        QUALITY,
    ),
    _ratio(
        "datatrove_mean_word_length",
        ("word_characters", "words"),
        "Code points per counted word.",
        QUALITY,
        maximum=None,
    ),
    _ratio(
        "datatrove_hash_ratio",
        ("hashes", "all_words"),
        "Number signs (U+0023) per word.",
        QUALITY,
    ),
    _ratio(
        "datatrove_ellipsis_ratio",
        ("ellipses", "all_words"),
        "Ellipses per word: U+2026, and three full stops (a run of n full stops holds n div 3).",
        QUALITY,
    ),
    _ratio(
        "datatrove_bullet_line_ratio",
        ("bullet_lines", "lines"),
        "Share of split lines, empty ones too, whose first character that is not white space is • or -.",
        QUALITY,
    ),
    _ratio(
        "datatrove_ellipsis_line_ratio",
        ("ellipsis_lines", "lines"),
        "Share of split lines, empty ones too, that end, white space put aside, with U+2026 or three full stops.",
        QUALITY,
    ),
    _ratio(
        "datatrove_alphabetic_word_ratio",
        ("alphabetic_words", "all_words"),
        "Share of words, punctuation marks too, with at least one letter.",
        QUALITY,
    ),
    Signal(
        GROUP,
        "datatrove_stop_words",
        pa.int64(),
        "words of eight",
        "How many different ones of the, be, to, of, and, that, have, with are words of the text, in small letters.",
        QUALITY,
        maximum=8,
        counted="stop_words",
    ),
    Signal(
        GROUP,
        "fineweb2_stop_words",
        pa.int64(),
        "words of the list",
        "How many different stop words that FineWeb-2 lists for the document's language (as `language` has it) are "
        "words of the text, as they are spelled in the list; 0 for a language without a list.",
        FINEWEB2,
        counted="language_stop_words",
        by_language=True,
    ),
)

_REPETITION = (
    _ratio(
        "datatrove_duplicate_paragraph_fraction",
        ("duplicate_paragraphs", "paragraphs"),
        "Share of paragraphs that are duplicates.",
        REPETITION,
    ),
    _ratio(
        "datatrove_duplicate_paragraph_character_fraction",
        ("duplicate_paragraph_characters", "characters"),
        "Characters of duplicate paragraphs per character of the text.",
        REPETITION,
    ),
    _ratio(
        "datatrove_duplicate_line_fraction",
        ("duplicate_runs", "runs"),
        "Share of runs that are duplicates.",
        REPETITION,
    ),
    _ratio(
        "datatrove_duplicate_line_character_fraction",
        ("duplicate_run_characters", "characters"),
        "Characters of duplicate runs per character of the text.",
        REPETITION,
    ),
    *(
        _ratio(
            f"datatrove_top_{n}_gram_character_fraction",
            (f"top_{n}_gram_characters", "characters"),
            f"Copies of the most frequent run of {n} words (of equally frequent ones the first to occur) times its "
            "length with a blank between words, per character of the text; overlapping copies count in full, so that "
            "it can exceed 1; 0 when none occurs twice.",
            REPETITION,
            maximum=None,
        )
        for n in (2, 3, 4)
    ),
    *(
        _ratio(
            f"datatrove_duplicate_{n}_gram_character_fraction",
            (f"duplicate_{n}_gram_characters", "characters"),
            f"Characters of repeated runs of {n} words, without what stands between words, per character of the text. "
            f"The words are passed once: a run met before is counted and jumped over as a whole.",
            REPETITION,
        )
        for n in (5, 6, 7, 8, 9, 10)
    ),
)

_FINEWEB = (
    _ratio(
        "fineweb_terminal_line_ratio",
        ("terminal_lines", "written_lines"),
        "Share of written lines whose last character, white space included, ends a sentence (datatrove's set of "
        "terminal punctuation, without quotation marks).",
        FINEWEB,
    ),
    _ratio(
        "fineweb_short_line_ratio",
        ("short_lines", "written_lines"),
        "Share of written lines of at most 30 code points, white space included.",
        FINEWEB,
    ),
    _ratio(
        "fineweb_duplicate_line_character_ratio",
        ("duplicate_written_line_characters", "characters_without_line_feeds"),
        "Characters of duplicate written lines per character of the text that is not a line feed.",
        FINEWEB,
    ),
    _ratio(
        "fineweb_line_feed_ratio",
        ("line_feeds", "all_words"),
        "Line feeds per word, punctuation marks too.",
        FINEWEB,
        maximum=None,
    ),
)

_C4 = (
    _count("c4_longest_word", "longest_word", "code points", "The longest run without white space.", C4),
    _count(
        "c4_third_longest_line",
        "third_longest_line",
        "code points",
        "The length of the third longest line between line feeds; 0 when there are fewer than three.",
        "Xue et al. 2021, arXiv:2010.11934; datatrove 0.10, C4ParagraphFilter",
    ),
    _count(
        "c4_javascript_lines",
        "javascript_lines",
        "lines",
        'Split lines that hold "javascript", in either case.',
        C4,
    ),
    _count(
        "c4_policy_lines",
        "policy_lines",
        "lines",
        "Split lines that hold, in either case, one of: terms of use, privacy policy, cookie policy, uses cookies, use "
        "of cookies, use cookies.",
        C4,
    ),
)

_VARIANTS = (
    (
        "c4",
        'that end with one of . ? ! " but not with three full stops, have five words between white space',
        C4,
    ),
    (
        "datatrove_c4",
        "that end with one of . ? ! \" ' but not with three full stops, have three words between white space",
        "datatrove 0.10, C4QualityFilter",
    ),
    (
        "fineweb_c4",
        "that have three words between white space",
        "Penedo et al. 2024, arXiv:2406.17557; C4QualityFilter with filter_no_terminal_punct=False",
    ),
)


def _kept(variant: str, reach: str, source: str) -> tuple[Signal, ...]:
    reaching = (
        f"Split lines {reach} and none of more than 1000 code points (the marks [1], [edit] and [citation needed] at "
        "their end put aside)"
    )
    return (
        _count(
            f"{variant}_kept_lines",
            f"{variant}_kept_lines",
            "lines",
            f'{reaching} and none of "lorem ipsum", "javascript", {{ and the policies\' phrases: what C4 would keep.',
            source,
        ),
        _count(
            f"{variant}_sentences",
            f"{variant}_sentences",
            "sentences",
            f"Sentences of the lines counted in {variant}_kept_lines: words that end with . ? ! or an ellipsis behind "
            "which there are only closing quotes and brackets, and one for what a line has left behind the last.",
            source,
        ),
        _count(
            f"{variant}_curly_bracket_lines",
            f"{variant}_curly_bracket_lines",
            "lines",
            f'{reaching} that hold {{ but neither "lorem ipsum" nor "javascript": each drops the page in C4.',
            source,
        ),
        _count(
            f"{variant}_lorem_ipsum_lines",
            f"{variant}_lorem_ipsum_lines",
            "lines",
            f'{reaching} that hold "lorem ipsum", in either case: each drops the page in C4.',
            source,
        ),
    )


SIGNALS: Final = (
    *_QUALITY,
    *_REPETITION,
    *_FINEWEB,
    *_C4,
    *(signal for variant in _VARIANTS for signal in _kept(*variant)),
)

"""What Dolma's taggers, DCLM-Baseline's filters and data-prep-kit's doc_quality count, as those tools count it.

Terms. A *word* is a maximal run of characters that are not white space. A *line* is what stands between line feeds
(U+000A) with at least one word: the tools that count empty lines too were made for texts without any. A *bare* line is
as it stands, a *stripped* one without white space at both ends. A *paragraph* is what stands between pairs of line
feeds, stripped, with at least one word. A *segment* is one of Unicode Standard Annex 29 that begins with an
alphanumeric character (text is cut at white space first); DCLM calls segments words. Lines, paragraphs and n-grams
*occur more than once* with all their copies, the first too. An empty text, and any ratio to nothing, gives 0.

Left out, as others give it already. Of Dolma and DCLM: `words`, `mean_word_length`, `alphabetic_word_ratio`. Of
data-prep-kit: docq_total_words, docq_mean_word_len and docq_alphabet_word_ratio are the same three;
docq_bullet_point_ratio is `dolma_bullet_line_ratio`; docq_contain_common_en_words is `stop_words` of at least 2, which
looks for words where the tool looks for their letters anywhere; docq_sentence_count, docq_curly_bracket_ratio and
docq_lorem_ipsum_ratio are RedPajama-V2's functions, and its signals here. Left out, as they need what is not here: bad
words (a list), docq_perplex_score and Jigsaw's labels (models), personal data (a matter of its own); Dolma's repeated
characters, whose pattern takes time that grows with the square of the text.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from beam_jobs.schema.signals.signal import Signal

GROUP: Final = "dolma"
GOPHER: Final = "Dolma 1.2, taggers/gopher.py"
C4: Final = "Dolma 1.2, taggers/c4.py"
REPETITIONS: Final = "Dolma 1.2, taggers/repetitions"
DCLM: Final = "DCLM, baselines/mappers/filters/content_filters.py"
DOC_QUALITY: Final = "data-prep-kit, doc_quality"


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


_DOLMA = (
    Signal(
        GROUP,
        "dolma_median_word_length",
        pa.float64(),
        "code points",
        "Median of the words' characters; of an even number of words the mean of the middle two.",
        GOPHER,
        counted="median_word_length",
    ),
    _ratio("dolma_symbol_word_ratio", ("symbol_words", "words"), "Share of words that hold # or ….", GOPHER),
    _count(
        "dolma_required_words",
        "required_words",
        "words",
        "Words that are one of the, be, to, of, and, that, have, with: in small letters, nothing else in the word, "
        "every occurrence.",
        GOPHER,
    ),
    _ratio(
        "dolma_bullet_line_ratio",
        ("bullet_lines", "lines"),
        "Share of bare lines that begin with * or -.",
        GOPHER,
    ),
    _ratio(
        "dolma_ellipsis_line_ratio",
        ("one_ellipsis_lines", "lines"),
        "Share of bare lines that end with … (U+2026).",
        GOPHER,
    ),
    _ratio(
        "dolma_duplicate_line_fraction",
        ("copied_lines", "lines"),
        "Share of bare lines that occur more than once.",
        GOPHER,
    ),
    _ratio(
        "dolma_duplicate_line_character_fraction",
        ("copied_line_characters", "word_characters"),
        "Characters of bare lines that occur more than once, white space too, per character of words.",
        GOPHER,
        maximum=None,
    ),
    *(
        _ratio(
            f"dolma_top_{n}_gram_character_fraction",
            (f"top_{n}_gram_characters", "word_characters"),
            f"Characters of all copies of the most frequent run of {n} words, overlapping ones in full, per character "
            "of words; of equally frequent ones the first to occur; 0 when none occurs twice.",
            GOPHER,
            maximum=None,
        )
        for n in (2, 3, 4)
    ),
    *(
        _ratio(
            f"dolma_duplicate_{n}_gram_character_fraction",
            (f"copied_{n}_gram_characters", f"all_{n}_gram_characters"),
            f"Characters of all runs of {n} words that occur more than once, overlapping ones in full, per character "
            f"of all runs of {n} words, so counted.",
            GOPHER,
        )
        for n in (5, 6, 7, 8, 9, 10)
    ),
    _count(
        "dolma_repetitions",
        "repetitions",
        "times",
        "The most times that a run of 1 to 13 words stands in a row, whole; 0 if fewer than three. Dolma looks for "
        "runs of tokens of a tokeniser.",
        REPETITIONS,
    ),
    _ratio(
        "dolma_unended_line_ratio",
        ("unended_lines", "lines"),
        'Share of stripped lines that do not end with one of . ? ! ".',
        C4,
    ),
    _ratio(
        "dolma_short_line_ratio",
        ("short_lines", "lines"),
        "Share of lines of fewer than three words.",
        C4,
    ),
    _count(
        "dolma_javascript_words",
        "javascript_words",
        "words",
        "Words that are javascript, ASCII case disregarded.",
        C4,
    ),
    _count(
        "dolma_lorem_ipsums",
        "lorem_ipsums",
        "phrases",
        "Occurrences of lorem ipsum, ASCII case disregarded.",
        C4,
    ),
    _count("dolma_curly_brackets", "curly_brackets", "code points", "Occurrences of {.", C4),
)

_DATA_PREP_KIT = (
    _ratio(
        "dpk_symbol_word_ratio", ("marked_words", "words"), "Share of words that hold # or ....", DOC_QUALITY
    ),
    _ratio(
        "dpk_ellipsis_line_ratio",
        ("dots_lines", "lines"),
        "Share of bare lines that end with three full stops.",
        DOC_QUALITY,
    ),
    _count(
        "dpk_japanese_sentence_length",
        "japanese_sentence_length",
        "code points",
        "Characters of the text per ideographic full stop (U+3002), rounded down; all characters if there is none.",
        DOC_QUALITY,
    ),
    Signal(
        GROUP,
        "dpk_first_kana",
        pa.int64(),
        "code points",
        "Characters in front of the first one of ぁ to ん and ァ to ン; -1 if there is none.",
        DOC_QUALITY,
        minimum=-1,
        counted="first_kana_place",
    ),
)

_DCLM = (
    _count(
        "dclm_words",
        "counted_words",
        "words",
        "Words that begin with an alphanumeric character.",
        f"{DCLM}, page_length_filter",
    ),
    _ratio(
        "dclm_symbol_ratio",
        ("symbols", "words"),
        "Occurrences of #, of ..., of three full stops with a blank between two, and of … per word.",
        f"{DCLM}, symbol_ratio_filter",
        maximum=None,
    ),
    _ratio(
        "dclm_bullet_line_ratio",
        ("stripped_bullet_lines", "lines"),
        "Share of stripped lines that begin with one of ● • * -.",
        f"{DCLM}, bullet_count_filter",
    ),
    _ratio(
        "dclm_ellipsis_line_ratio",
        ("stripped_ellipsis_lines", "lines"),
        "Share of stripped lines that end with ..., with three full stops with a blank between two, or with ….",
        f"{DCLM}, ellipsis_count_filter",
    ),
    _count(
        "dclm_stop_words",
        "stop_words",
        "words",
        "Words that are one of the, be, to, of, and, that, have, with: in any case, nothing else in the word, every "
        "occurrence.",
        f"{DCLM}, stop_word_filter",
    ),
    _ratio(
        "dclm_duplicate_line_fraction",
        ("stripped_copied_lines", "lines"),
        "Share of stripped lines that occur more than once.",
        f"{DCLM}, repetition_filter",
    ),
    _ratio(
        "dclm_duplicate_line_character_fraction",
        ("stripped_copied_line_characters", "stripped_line_characters"),
        "Share of the characters of stripped lines in those that occur more than once.",
        f"{DCLM}, repetition_filter",
    ),
    _ratio(
        "dclm_duplicate_paragraph_fraction",
        ("copied_paragraphs", "paragraphs"),
        "Share of paragraphs that occur more than once.",
        f"{DCLM}, repetition_filter",
    ),
    _ratio(
        "dclm_duplicate_paragraph_character_fraction",
        ("copied_paragraph_characters", "paragraph_characters"),
        "Share of the characters of paragraphs in those that occur more than once.",
        f"{DCLM}, repetition_filter",
    ),
    *(
        _ratio(
            f"dclm_top_{n}_gram_character_fraction",
            (f"top_{n}_segment_characters", "segment_characters"),
            f"Characters of all copies of the most frequent run of {n} segments, overlapping ones in full, per "
            "character of segments; of equally frequent ones the longest; 0 when none occurs twice.",
            f"{DCLM}, repetition_filter",
            maximum=None,
        )
        for n in (2, 3, 4)
    ),
    *(
        _ratio(
            f"dclm_duplicate_{n}_gram_character_fraction",
            (f"copied_{n}_segment_characters", "segment_characters"),
            f"Share of the characters of segments in runs of {n} segments that occur more than once, each segment "
            "counted once.",
            f"{DCLM}, repetition_filter",
        )
        for n in (5, 6, 7, 8, 9, 10)
    ),
)

SIGNALS: Final = (*_DOLMA, *_DATA_PREP_KIT, *_DCLM)

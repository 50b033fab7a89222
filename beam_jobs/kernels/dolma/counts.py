"""The whole numbers that the dolma kernel counts in each document: one column of its output each."""

from __future__ import annotations

from beam_jobs.kernels.counts import DUPLICATE_NGRAMS, TOP_NGRAMS

NAMES = (
    "characters",  # code points
    "words",  # maximal runs without white space
    "word_characters",
    "lines",  # between line feeds, with a word
    # Dolma
    "twice_median_word_length",
    "symbol_words",  # with # or …
    "required_words",  # occurrences of the eight, in small letters
    "bullet_lines",  # that begin with * or -, nothing in front
    "one_ellipsis_lines",  # that end with …, nothing behind
    "copied_lines",  # as they stand; all copies, the first too
    "copied_line_characters",
    "unended_lines",  # without . ? ! " at the end
    "short_lines",  # of fewer than three words
    "javascript_words",
    "lorem_ipsums",
    "curly_brackets",  # {
    "repetitions",
    *(f"top_{n}_gram_characters" for n in TOP_NGRAMS),
    *(f"copied_{n}_gram_characters" for n in DUPLICATE_NGRAMS),
    *(f"all_{n}_gram_characters" for n in DUPLICATE_NGRAMS),
    # data-prep-kit
    "marked_words",  # with # or ...
    "dots_lines",  # that end with ..., nothing behind
    "ideographic_full_stops",
    "first_kana",  # one more than the characters in front; 0: none
    # DCLM
    "counted_words",  # that begin with an alphanumeric character
    "symbols",  # #, ..., . . ., …
    "stop_words",  # occurrences of the eight, in any case
    "stripped_bullet_lines",
    "stripped_ellipsis_lines",
    "stripped_copied_lines",
    "stripped_line_characters",
    "stripped_copied_line_characters",
    "paragraphs",  # with a word
    "copied_paragraphs",
    "paragraph_characters",
    "copied_paragraph_characters",
    "segment_characters",
    *(f"top_{n}_segment_characters" for n in TOP_NGRAMS),
    *(f"copied_{n}_segment_characters" for n in DUPLICATE_NGRAMS),
)
INDEX = {name: column for column, name in enumerate(NAMES)}

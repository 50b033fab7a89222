"""The whole numbers that the curator kernel counts in each document: one column of its output each."""

from __future__ import annotations

from beam_jobs.kernels.counts import DUPLICATE_NGRAMS, TOP_NGRAMS

NAMES = (
    "characters",  # code points
    "words",  # maximal runs without white space
    "non_alphanumerics",  # other than [a-zA-Z0-9\n?!,.]
    "digits",  # 0-9
    "url_characters",
    "pornographic_urls",
    "white_space",  # tab, line feed, carriage return, backspace, blank
    "brackets",
    "longest_word",  # characters
    "symbol_words",
    "alphabetic_words",  # with a character that is Alphabetic
    "common_english_words",  # occurrences of the eight
    "lines",  # between line feeds, with a word
    "line_characters",
    "unmarked_lines",  # without an end mark
    "ellipsis_lines",
    "bullet_lines",
    "unique_lines",
    "unique_line_characters",
    "paragraphs",  # between pairs of line feeds; 0 if there is no word
    "paragraph_characters",
    "boilerplate_paragraphs",
    "unique_paragraphs",
    "unique_paragraph_characters",
    *(f"top_{n}_gram_characters" for n in TOP_NGRAMS),
    *(f"duplicate_{n}_gram_characters" for n in DUPLICATE_NGRAMS),
)
INDEX = {name: column for column, name in enumerate(NAMES)}

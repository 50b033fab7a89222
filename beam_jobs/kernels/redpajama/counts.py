"""What the kernels of the groups `redpajama` and `redpajama_lines` count, in the order of their outputs' columns.

Importable without numba.
"""

from __future__ import annotations

TOP_NGRAMS = (2, 3, 4)
DUPLICATE_NGRAMS = (5, 6, 7, 8, 9, 10)

NAMES = (
    "characters",  # code points of the text
    "lines",  # each up to a line feed, and what is left behind the last
    "ellipsis_lines",
    "bullet_lines",
    "raw_words",  # matches of \w+|[^\w\s]+
    "capital_raw_words",  # as str.isupper
    "unalphabetic_raw_words",  # without one of a-z, A-Z
    "stop_words",  # raw words that are in the list of the document's language
    "sentences",
    "symbols",  # '#', '...', '…'
    "curly_brackets",
    "words",  # of the normalised text
    "word_characters",  # code points of those
    "normal_characters",  # code points of the normalised text
    "distinct_words",
    "lorem_ipsums",
    "listed_ngrams",  # of words, in the list of bad words of the document's language
    *(f"top_{n}_gram_characters" for n in TOP_NGRAMS),
    *(f"duplicate_{n}_gram_characters" for n in DUPLICATE_NGRAMS),
)
INDEX = {name: column for column, name in enumerate(NAMES)}

LINE_NAMES = (
    "characters",  # code points, the line feed too
    "capitals",  # as str.isupper
    "words",  # of the normalised line
    "normal_characters",  # code points of the normalised line
    "numeric_characters",  # of those, as str.isnumeric
    "javascripts",  # words that are "javascript"
    "terminal",  # 1 if it ends with a terminal mark
    "bullet",  # 1 if it starts with a bullet
)
LINE_INDEX = {name: column for column, name in enumerate(LINE_NAMES)}

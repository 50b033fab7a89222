"""What the kernel of the group `datatrove` counts in a document, in the order of its output's columns.

Importable without numba.
"""

from __future__ import annotations

TOP_NGRAMS = (2, 3, 4)
DUPLICATE_NGRAMS = (5, 6, 7, 8, 9, 10)
C4_VARIANTS = ("c4", "datatrove_c4", "fineweb_c4")

NAMES = (
    "characters",  # code points
    "all_words",  # of Unicode's annex 29, punctuation marks too
    "words",  # those that are not all punctuation
    "word_characters",  # code points of those
    "alphabetic_words",
    "stop_words",  # different ones of Gopher's eight
    "language_stop_words",  # different ones of the list of the document's language
    "hashes",  # '#'
    "ellipses",  # '…' and '...'; a run of n dots holds n // 3
    "lines",  # as str.splitlines
    "bullet_lines",
    "ellipsis_lines",
    "line_feeds",
    "written_lines",  # between line feeds, with a word
    "short_lines",  # of those
    "terminal_lines",  # of those
    "duplicate_written_line_characters",
    "runs",  # what re.split("\n+") gives
    "duplicate_runs",
    "duplicate_run_characters",
    "paragraphs",
    "duplicate_paragraphs",
    "duplicate_paragraph_characters",
    "third_longest_line",  # code points between line feeds
    "longest_word",  # code points between white space
    "javascript_lines",
    "policy_lines",
    *(f"top_{n}_gram_characters" for n in TOP_NGRAMS),
    *(f"duplicate_{n}_gram_characters" for n in DUPLICATE_NGRAMS),
    *(
        f"{variant}_{what}"
        for variant in C4_VARIANTS
        for what in ("kept_lines", "sentences", "curly_bracket_lines", "lorem_ipsum_lines")
    ),
)
INDEX = {name: column for column, name in enumerate(NAMES)}

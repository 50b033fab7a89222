"""The whole numbers that the statistics kernel counts in each document: one column of its output each.

Signals are formulas over these (`steps.signals.statistics`). Importable without numba.
"""

from __future__ import annotations

NAMES = (
    "characters",  # code points
    "letters",  # str.isalpha
    "capitals",  # letters that are str.isupper
    "digits",  # str.isdigit
    "punctuation",  # general category P
    "white_space",  # str.isspace
    "scripted",  # of one script: neither Common nor Inherited
    "main_script",  # the most frequent one's place in SCRIPT_CODES; of equals the lowest
    "main_scripted",  # of that one
    "second_scripted",  # of the next one
    "words",  # maximal runs without white space
    "word_characters",  # code points of those
    "distinct_words",
    "readable_words",  # with a letter or a decimal digit
    "mini_words",  # readable, of at most three letters and digits
    "syllables",  # of readable words
    "sentences",
    "url_words",
    "email_words",
    "latex_words",
    "lines",  # with at least one word
    "line_characters",  # from a line's first word to its last
    "list_lines",
    "table_lines",
    "code_characters",  # word characters of lines that look like code
)
INDEX = {name: column for column, name in enumerate(NAMES)}

ENTROPIES = ("characters", "words")
"""The columns of the kernel's second output, in bits."""

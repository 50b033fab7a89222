"""The bits of a character's word code, as the generated word table stores them and the word kernels test them.

Bits 0-3 hold the index of the character's class for word boundaries (Unicode Standard Annex 29) in `BREAK_CLASSES`;
white space has class `Other`, since words are cut at it before anything else.
"""

from __future__ import annotations

# fmt: off
BREAK_CLASSES = (
    "Other", "ALetter", "Hebrew_Letter", "Numeric", "Katakana", "ExtendNumLet", "Extend", "Format", "ZWJ",
    "Single_Quote", "Double_Quote", "MidNumLet", "MidLetter", "MidNum", "Regional_Indicator",
)
# fmt: on
BREAK_CLASS = (1 << 4) - 1

PICTOGRAPH = 1 << 4  # Extended_Pictographic
TERMINAL = 1 << 5  # ends sentences: datatrove's TERMINAL_PUNCTUATION
TOOL_PUNCTUATION = 1 << 6  # datatrove's PUNCTUATION_SET, which holds TERMINAL
CASED = 1 << 7  # where str.lower() looks for what decides on a final sigma; not if IGNORABLE
IGNORABLE = 1 << 8  # case-ignorable: str.lower() looks past it
FOLDS = 1 << 9  # NFD(str.lower()) is something else; Hangul syllables, whose NFD is arithmetic, excepted
COMBINES = 1 << 10  # canonical combining class other than 0
UNICODE_ALPHABETIC = 1 << 11  # the property Alphabetic: letters, letter numbers, most vowel signs
SPACE = 1 << 12  # str.isspace
LINE_BREAK = 1 << 13  # what str.splitlines() splits on
LETTER = 1 << 14  # str.isalpha

OTHER, A_LETTER, HEBREW_LETTER, NUMERIC, KATAKANA, EXTEND_NUM_LET, EXTEND, FORMAT, ZWJ = range(9)
SINGLE_QUOTE, DOUBLE_QUOTE, MID_NUM_LET, MID_LETTER, MID_NUM, REGIONAL_INDICATOR = range(9, 15)

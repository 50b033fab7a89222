"""The bits of a character's shingle code, as the generated table stores them and normalisation tests them.

Words are what stands between separators, except in scripts that are written without spaces between words: there each
character counts for itself, as the share of a word that it is (see `shingles`).
"""

from __future__ import annotations

SPACE = 1 << 0  # str.isspace
PUNCTUATION = 1 << 1  # general categories P* and S*: punctuation and symbols
DIGIT = 1 << 2  # general category Nd
INVISIBLE = 1 << 3  # Cf, and Cc that is not white space
ACCENT = 1 << 4  # a mark (Mn) that other letters bear: see `generate_table.is_accent`
QUARTER = 1 << 5  # a quarter of a word: Thai, Lao, Khmer, Myanmar and their kin
HALF = 1 << 6  # half a word: Han, kana, bopomofo, Yi and their kin
FOLDS = 1 << 7  # lower case or without accents it is another character

QUARTER_SCRIPTS = ("Thai", "Laoo", "Khmr", "Mymr", "Lana", "Tale", "Talu", "Tavt")
"""ISO 15924. Words of Thai have some four characters, vowel signs counted."""
HALF_SCRIPTS = ("Hani", "Hira", "Kana", "Bopo", "Yiii", "Tang", "Nshu", "Kits")
"""Words of Chinese and Japanese have some two characters."""

"""Every signal of the group `statistics`, and of `scripts` and `ngram_sketch`, in slow, obvious Python.

The oracle of the kernel's tests and a baseline of the benchmark. Compression is the codec's own and is not here.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby

import regex

from beam_jobs.kernels import word_properties, word_table
from beam_jobs.kernels.statistics.measuring import SCRIPTS
from tests.unit.kernels.reference import BULLETS, ratio
from tests.unit.kernels.word_reference import words as annex_29_words

_OPERATORS = "== != <= >= => -> :: := && || += -= *= /= () [] {} </ />"
OPERATORS = _OPERATORS.split()
_KEYWORDS = (
    "def class function func fn import return const let var public private static void int if for while else "
)
KEYWORDS = {*_KEYWORDS.split(), "elif", "try", "except", "#include"}
MASK = (1 << 64) - 1


def signals(text: str) -> dict[str, float | str | None]:
    words, lines = text.split(), [line for line in text.splitlines() if line.split()]
    letters = [character for character in text if character.isalpha()]
    readable = [word for word in words if plain(word)]
    mini = [word for word in readable if plain(word) <= 3]
    count = sentences(text)
    word_characters = sum(map(len, words))
    shares = script_shares(text)
    return {
        "character_entropy": entropy(text),
        "word_entropy": entropy(words),
        "unique_word_ratio": ratio(len(set(words)), len(words)),
        "digit_ratio": ratio(sum(map(str.isdigit, text)), len(text)),
        "uppercase_ratio": ratio(sum(map(str.isupper, letters)), len(letters)),
        "punctuation_ratio": ratio(sum(unicodedata.category(one)[0] == "P" for one in text), len(text)),
        "white_space_ratio": ratio(sum(map(str.isspace, text)), len(text)),
        "main_script": shares[0][0] if shares else None,
        "main_script_share": shares[0][1] if shares else 0.0,
        "second_script_share": shares[1][1] if len(shares) > 1 else 0.0,
        "sentences": count,
        "words_per_sentence": ratio(len(readable), count),
        "mcalpine_eflaw": ratio(len(readable) + len(mini), count),
        "flesch_reading_ease": flesch(readable, count),
        "url_word_ratio": ratio(sum(map(holds_url, words)), len(words)),
        "email_word_ratio": ratio(sum(map(holds_email, words)), len(words)),
        "latex_word_ratio": ratio(sum(map(holds_latex, words)), len(words)),
        "code_likelihood": ratio(
            sum(len("".join(line.split())) for line in lines if is_code(line)), word_characters
        ),
        "mean_line_length": ratio(sum(len(line.strip()) for line in lines), len(lines)),
        "list_line_fraction": ratio(sum(starts_item(line.split()[0]) for line in lines), len(lines)),
        "table_line_fraction": ratio(
            sum(line.count("|") > 1 or "\t" in line.strip() for line in lines), len(lines)
        ),
    }


def entropy(units: Sequence[str]) -> float:
    counts = Counter(units).values()
    return math.fsum(n / len(units) * math.log2(len(units) / n) for n in counts)


def plain(word: str) -> int:
    """Letters and decimal digits."""
    return sum(one.isalpha() or one.isdecimal() for one in word)


def ends_sentence(character: str) -> bool:
    """Datatrove's marks and Unicode's differ in a few; the table's own tests compare them."""
    point = ord(character)
    block = int(word_table.STAGE1[point >> 8]) << 8
    return bool(word_table.WORD_CODES[word_table.STAGE2[block + (point & 255)]] & word_properties.TERMINAL)


def sentences(text: str) -> int:
    stretches = "".join("\n" if ends_sentence(one) else " " if one.isspace() else one for one in text)
    found = sum(sentence_words(stretch) >= 3 for stretch in stretches.split("\n"))
    return max(1, found) if plain(text) else 0


def sentence_words(stretch: str) -> int:
    """A letter that is a word of its own under annex 29 counts for itself, all others of a word count once."""
    found = 0
    for word in stretch.split():
        alone = [stands_alone(one) for one in word]
        found += sum(alone)
        found += any(plain(one) and not own for one, own in zip(word, alone, strict=True))
    return found


def stands_alone(character: str) -> bool:
    """Two of it are two words: as of Han and Hiragana, but not of Latin and Katakana."""
    return character.isalpha() and len(annex_29_words(character * 2)) == 2


def flesch(words: Sequence[str], count: int) -> float:
    if not words:
        return 0.0
    return 206.835 - 1.015 * (len(words) / count) - 84.6 * (sum(map(syllables, words)) / len(words))


def syllables(word: str) -> int:
    groups = sum(is_vowel for is_vowel, _ in groupby(word, vowel))
    letters = [sound(run) for run in letters_of(word)]
    if silent_e("".join(letters)):
        groups -= 1
    return max(1, groups)


def vowel(character: str) -> bool:
    if ord(character) > 0x24F or not character.isalpha():
        return False
    lower = character.lower()
    return unicodedata.normalize("NFD", lower)[0] in "aeiouy" or lower in "æœø"


def letters_of(word: str) -> list[str]:
    """The letters; what is between two of them, if it is no letter, as one '-'."""
    joined = "".join(one if one.isalpha() else "-" for one in word)
    return list(re.sub("-+", "-", joined.rstrip("-")))


def sound(character: str) -> str:
    """e and l of ASCII as they are, other vowels V, other letters C."""
    lower = character.lower()
    if lower in ("e", "l", "-"):
        return lower
    return "V" if vowel(character) else "C"


def silent_e(sounds: str) -> bool:
    return re.search("(?:C|(?<![Cl])l)e$", sounds) is not None


def holds_url(word: str) -> bool:
    return bool(
        re.search("[A-Za-z]://", word) or re.match(r"[!-/:-@[-`{-~\x00-\x1b\x7f]*[Ww]{3}\..", word, re.S)
    )


def holds_email(word: str) -> bool:
    return re.search(r"[A-Za-z0-9]@(?=[A-Za-z0-9]).*\.[A-Za-z]", word, re.S) is not None


def holds_latex(word: str) -> bool:
    return word.count("$") > 1 or re.search(r"\\[A-Za-z()\[\]{}]|[\^_]\{", word) is not None


def is_code(line: str) -> bool:
    words = line.split()
    indent = line[: len(line) - len(line.lstrip())]
    marks = [
        len(indent) >= 2 or "\t" in indent,
        words[0] in KEYWORDS,
        words[0].startswith(("//", "/*")),
        any(word == "=" or any(one in word for one in OPERATORS) for word in words),
        any(re.search(r"[A-Za-z0-9_][(\[]", word) for word in words),
        any(re.search("[A-Za-z0-9_]_[A-Za-z0-9]", word) for word in words),
        words[-1][-1] in ";{}([",
    ]
    return sum(marks) >= 2


def starts_item(word: str) -> bool:
    if word.startswith(BULLETS):
        return word in ("-", "*") or not word[0].isascii()
    return re.fullmatch(r"\(?([0-9]{1,3}|[A-Za-z])(\.|\)|\.\))", word) is not None


def script_shares(text: str) -> list[tuple[str, float]]:
    counts = Counter(filter(None, map(script, text)))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(code, count / counts.total()) for code, count in ranked]


_PATTERNS = [(code, regex.compile(rf"\p{{Script={code}}}")) for code in SCRIPTS[1:]]
_KNOWN: dict[str, str | None] = {}


def script(character: str) -> str | None:
    if character not in _KNOWN:
        _KNOWN[character] = next((code for code, one in _PATTERNS if one.match(character)), None)
    return _KNOWN[character]


def sketch(words: Sequence[int], n: int = 5, places: int = 64) -> list[int]:
    """Of the words' hashes."""
    runs = (
        [words[at : at + n] for at in range(len(words) - n + 1)]
        if len(words) >= n
        else [words]
        if words
        else []
    )
    return sorted({scramble(polynomial(run)) for run in runs})[:places]


def polynomial(run: Sequence[int]) -> int:
    value = 0
    for word in run:
        value = (value * 0x9E3779B97F4A7C15 + word) & MASK
    return value


def scramble(value: int) -> int:
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & MASK
    return value ^ (value >> 31)


def word_hash(word: str) -> int:
    """The kernels' hash of a word: eight bytes at a time, the first lowest."""
    data = word.encode()
    digest = 0xCBF29CE484222325 ^ len(data)
    while len(data) > 8:
        digest, data = mix(digest, int.from_bytes(data[:8], "little")), data[8:]
    return mix(digest, int.from_bytes(data, "little"))


def mix(digest: int, value: int) -> int:
    digest = (digest ^ value) * 0x9E3779B97F4A7C15 & MASK
    return digest ^ (digest >> 32)


def seconds_per_pass(documents: Sequence[str], clock: Callable[[], float]) -> float:
    """How long the reference takes for `documents`."""
    start = clock()
    for document in documents:
        signals(document)
    return clock() - start

"""Golden values of the group `statistics`, worked out by hand; property tests are in tests/unit/kernels."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from beam_jobs.schema.signals import names_of
from beam_jobs.steps.signals import measure


def one(text: str, name: str) -> Any:
    return measure(pa.array([text]), [name]).column(0)[0].as_py()


GOLDEN = [
    ("character_entropy", "aabb", 1),
    ("character_entropy", "aaaaaaaa", 0),
    ("character_entropy", "abcdéф日🙂", 3),
    ("character_entropy", "aaab", 0.811278124459133),  # 3/4 log 4/3 + 1/4 log 4
    ("word_entropy", "a b\nc  d", 2),
    ("word_entropy", "a a b c", 1.5),
    ("unique_word_ratio", "a b A a", 3 / 4),
    ("digit_ratio", "a1²٣½", 3 / 5),  # a half is a number, and no digit
    ("uppercase_ratio", "Aä Öß 1", 2 / 4),
    ("uppercase_ratio", "日本A", 1 / 3),
    ("punctuation_ratio", "(a)+「b」.", 5 / 8),  # + is a symbol
    ("white_space_ratio", "a b\u3000\n", 3 / 5),
    ("main_script", "abc где?", "Cyrl"),  # of equals the first by its code
    ("main_script", "日本語 text", "Latn"),
    ("main_script", "12 - ?", None),
    ("main_script_share", "abcd где 1234", 4 / 7),
    ("second_script_share", "abcd где", 3 / 7),
    ("second_script_share", "abcd", 0),
    ("sentences", "One two three. One two. Is it so? Yes!", 2),
    ("sentences", "Two words", 1),
    ("sentences", "- ...", 0),
    ("sentences", "It cost 3.14 in all. a", 2),  # 'It cost 3' is one; '14 in all', too
    ("sentences", "今日は雨です。明日は？晴れる。", 3),
    ("words_per_sentence", "One, two - three. Four five six seven!", 7 / 2),
    ("mcalpine_eflaw", "The cat sat on a warm mat.", (7 + 6) / 1),
    ("mcalpine_eflaw", "I don't know (yet). You may ask again.", (8 + 5) / 2),
    # time 1, table 2, whole 1, queue 1, idea 2, rhythm 1
    ("flesch_reading_ease", "time table whole queue idea rhythm", 206.835 - 1.015 * 6 - 84.6 * 8 / 6),
    ("flesch_reading_ease", "Naïve café, 12 ale.", 206.835 - 1.015 * 4 - 84.6 * (1 + 2 + 1 + 1) / 4),
    ("url_word_ratio", "see https://a.org, (www.b.org) or http: www.", 2 / 6),
    ("email_word_ratio", "write <me@x.org> or @you a@b", 1 / 5),
    ("latex_word_ratio", r"\alpha $x$ costs $5 x^{2} 1\2", 3 / 6),
    # 'if (x==1) {' has a keyword, an operator and an ending; 8 of 8 + 9 word characters
    ("code_likelihood", "if (x==1) {\nplain words", 9 / 19),
    ("code_likelihood", "  f(x)\n- a list;\nword(s)", 4 / 18),
    ("mean_line_length", "  a b \n\ncde\n", 3),
    ("list_line_fraction", "- a\n-b\n• c\n1. d\n(2) e\n1234. f\na) g\nno", 5 / 8),
    ("table_line_fraction", "| a | b |\na | b\na\tb\n\ta", 2 / 4),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "value"), GOLDEN)
def test_values_worked_out_by_hand(name: str, text: str, value: float | str | None) -> None:
    found = one(text, name)
    assert found == (value if value is None or isinstance(value, str) else pytest.approx(value, abs=1e-12))


def test_every_signal_has_a_golden_value() -> None:
    assert set(names_of(["statistics"])) - {name for name, _, _ in GOLDEN} == {"compression_ratio"}


def test_repetition_compresses() -> None:
    plain, repeated = "".join(map(chr, range(0x4E00, 0x4E00 + 500))), "the same again " * 100
    assert one(plain, "compression_ratio") == pytest.approx(1, abs=0.6)
    assert one(repeated, "compression_ratio") > 40
    assert one("", "compression_ratio") == 0


def test_the_compression_is_the_pinned_codecs() -> None:
    """Another pyarrow may find other matches: then bump the signal's version."""
    text = " ".join(f"w{number * number % 97}" for number in range(500))
    assert one(text, "compression_ratio") == len(text) / pa.compress(text.encode(), codec="lz4_raw").size

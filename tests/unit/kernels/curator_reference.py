"""Every signal of the group `curator` in slow, obvious Python: strings, lists and sets, no hashes and no tables."""

from __future__ import annotations

import re
from collections import Counter

import regex

from tests.unit.kernels.reference import ngrams, ratio

COMMON = {"the", "be", "to", "of", "and", "that", "have", "with"}
ELLIPSES = {"...", "[...]", "…", "(...)", "[…]", "-»"}
BULLETS = tuple("•‣⁃⁌⁍∙○●◘◦⦾⦿")
ENDS = (*ELLIPSES, "read more..", "read more")
POLICIES = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "privacy overview",
    "use of cookies",
    "use cookies",
    "privacy & cookies policy",
    "privacy and cookies policy",
    "this website uses cookies to improve your experience while you navigate through the website. out of these "
    "cookies, the cookies that are categorized as necessary are stored on your browser",
    "necessary cookies are absolutely essential for the website to function properly. this category only includes "
    "cookies that ensures basic functionalities and security features of the website. these cookies do not store any "
    "personal information.",
    "any cookies that may not be particularly necessary for the website to function and is used specifically to "
    "collect user personal data via analytics, ads, other embedded contents are termed as non-necessary cookies. it "
    "is mandatory to procure user consent prior to running these cookies on your website.",
    "if you continue to browse this site without changing your cookie settings, you agree to this use. "
    "acceptread more",
)
URL = re.compile(r"https?://[a-zA-Z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
ALPHABETIC = regex.compile(r"\p{Alphabetic}")


def signals(text: str) -> dict[str, float]:
    words = text.split()
    lines = [line for line in text.split("\n") if line.strip()]
    paragraphs = text.split("\n\n") if words else []
    urls = URL.findall(text)
    return {
        "curator_non_alphanumeric_ratio": ratio(len(re.sub(r"[a-zA-Z0-9\n?!,.]", "", text)), len(text)),
        "curator_digit_ratio": ratio(len(re.findall("[0-9]", text)), len(text)),
        "curator_url_ratio": ratio(sum(map(len, urls)), len(text)),
        "curator_white_space_ratio": ratio(sum(text.count(each) for each in "\t\n\r\b "), len(text)),
        "curator_bracket_ratio": ratio(sum(text.count(each) for each in "{}⟨⟩[]()"), len(text)),
        "curator_symbol_word_ratio": ratio(
            sum(word in ELLIPSES or word.count("#") / len(word) > 0.5 for word in words), len(words)
        ),
        "curator_longest_word": max(map(len, words), default=0),
        "curator_alphabetic_word_ratio": ratio(
            sum(bool(ALPHABETIC.search(word)) for word in words), len(words)
        ),
        "curator_common_english_words": sum(word in COMMON for word in words),
        "curator_pornographic_urls": sum("porn" in small(url) for url in urls),
        "curator_unmarked_line_ratio": ratio(
            sum(not line.strip().endswith((".", "?", "!", '"', "'")) for line in lines), len(lines)
        ),
        "curator_ellipsis_line_ratio": ratio(
            sum(small(line.strip()).endswith(ENDS) for line in lines), len(lines)
        ),
        "curator_bullet_line_ratio": ratio(
            sum(line.strip().startswith(BULLETS) for line in lines), len(lines)
        ),
        "curator_boilerplate_paragraph_ratio": boilerplate(paragraphs),
        "curator_unique_line_fraction": ratio(len(set(lines)), len(lines)),
        "curator_unique_line_character_fraction": joined(lines),
        "curator_unique_paragraph_fraction": ratio(len(set(paragraphs)), len(paragraphs)),
        "curator_unique_paragraph_character_fraction": joined(paragraphs),
        **{f"curator_top_{n}_gram_character_fraction": top_ngram(text, words, n) for n in (2, 3, 4)},
        **{
            f"curator_duplicate_{n}_gram_character_fraction": copied_ngrams(text, words, n)
            for n in range(5, 11)
        },
    }


def small(text: str) -> str:
    """ASCII capitals as small letters."""
    return "".join(each.lower() if each.isascii() else each for each in text)


def boilerplate(paragraphs: list[str]) -> float:
    lowered = [small(paragraph) for paragraph in paragraphs]
    if any("lorem ipsum" in paragraph for paragraph in lowered):
        return 1.0
    return ratio(sum(any(each in paragraph for each in POLICIES) for paragraph in lowered), len(paragraphs))


def joined(pieces: list[str]) -> float:
    return ratio(len("".join(set(pieces))), len("".join(pieces)))


def top_ngram(text: str, words: list[str], n: int) -> float:
    found = Counter(ngrams(tuple(words), n))
    if not found:
        return 0.0
    top, most = found.most_common(1)[0]  # of equals the first that was inserted
    return ratio(len(text) - len(text.replace(" ".join(top), "")), len(text)) if most > 1 else 0.0


def copied_ngrams(text: str, words: list[str], n: int) -> float:
    """Which words lie in a copy; and the blanks: in front of each of them but a copy's first, if that is new."""
    seen, covered, blanks = set(), set[int](), 0
    for place, ngram in enumerate(ngrams(tuple(words), n)):
        if ngram in seen:
            new = set(range(place, place + n)) - covered
            blanks += len(new) if place in covered else n - 1
            covered |= new
        seen.add(ngram)
    return ratio(sum(len(words[place]) for place in covered) + blanks, len(text))

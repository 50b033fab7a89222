"""Every reason for which a record can be set aside, in the order in which they claim a record's one fate.

The order follows the design: unreadable, rule, opt-out or licence, contaminated, duplicate, budget.
Rules bring their own codes in their profile; the codes here are those that stages set themselves.
"""

from __future__ import annotations

NOT_DOCUMENT = "not_document"

INGEST_REASONS: dict[str, str] = {
    NOT_DOCUMENT: "a WARC record that carries no page: warcinfo, request, metadata, revisit",
    "bad_record": "the archive is corrupt or cut off here, or the record's head cannot be parsed",
    "http_status": "the server answered with a status other than 200",
    "not_html": "the payload's type is not HTML or plain text",
    "too_large": "the payload is larger than the recipe's limit",
    "undecodable": "the payload's bytes cannot be decoded as text, or its content encoding is broken",
    "extract_timeout": "text extraction took longer than the recipe's limit",
    "extract_failed": "text extraction failed or ran out of its memory limit",
    "empty_text": "no text was left after extraction",
}

CLEANED_EMPTY = "cleaned_empty"

CLEAN_REASONS: dict[str, str] = {
    CLEANED_EMPTY: "edit programs cut all of its text",
}
"""Beside these the codes of those rules of the recipe's edit programs that drop documents."""

CONTAMINATED = "contaminated"
"""The rule of cut items too."""

CONTAMINATION_REASONS: dict[str, str] = {
    CONTAMINATED: "it holds items of the benchmarks that the recipe names",
}

DUPLICATE_PREFIX = "dup"
"""Reasons of removed duplicates start so: `dup_exact`, `dup_url`, `dup_minhash` ..."""

DUPLICATE_SUBSTRING = "dup_substring"
"""The rule of cut passages too."""

DUPLICATE_REASONS: dict[str, str] = {
    "dup_exact": "the same normalised text as the survivor",
    "dup_url": "the same canonical URL as the survivor",
    "dup_minhash": "nearly the same text as the survivor: their shingles overlap",
    DUPLICATE_SUBSTRING: "nothing, or too little, is left without passages that stand earlier too",
    "dup_bloom": "the same text or address as a page of an earlier crawl, as that crawl's filter tells, or of its own",
}

LANGUAGE_REASON = "language"
"""The language is none of those that the recipe asks for: the recipe's rule, which comes before its profile's."""

LANGUAGE_SCORE_REASON = "language_score"
"""The language is less certain than the recipe asks for: the recipe's rule, too."""

RECIPE_REASONS = (LANGUAGE_REASON, LANGUAGE_SCORE_REASON)


def describe(reason: str) -> str | None:
    """One sentence for a reason that stages set themselves; None for a profile's and edit programs' own codes."""
    known = (INGEST_REASONS, CLEAN_REASONS, CONTAMINATION_REASONS, DUPLICATE_REASONS)
    return next((reasons[reason] for reasons in known if reason in reasons), None)

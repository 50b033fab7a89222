"""RedPajama-V2's quality signals of documents, as far as the text alone tells them, under that tool's rules.

Terms. A *raw word* is a match of `\\w+|[^\\w\\s]+` (NLTK's WordPunct), Unicode's as Python's `re` has them. The
*normalised text* is the text without ASCII punctuation, in small letters (`str.lower`), every run of white space one
blank, none at its ends, in NFD; its *words* stand between blanks. A *line* is what a line feed ends, and what is left
behind the last. Where the tool gives no value, for a text without words or lines, a ratio is 0; nothing is rounded.

The data set's card names 46 signals. 30 are measured: 24 here (`SIGNALS` without
rps_doc_frac_lines_start_with_bulletpoint, which the card's example makes of a list), 6 by line in `redpajama_lines`.
The other 16 need more than the text:

- models: ccnet_perplexity and ccnet_bucket (KenLM), ccnet_language_score (CCNet's fastText; `language_score` is
  Strata's own), rps_doc_{books, openwebtext, wikipedia}_importance (bags of n-grams; the tool hashes them with Python's
  seeded hash, so that no two runs agree), rps_doc_ml_{wikiref, palm, wikipedia}_score (fastText classifiers);
- a list of domains that changes daily: rps_doc_ut1_blacklist;
- what was there before lines were deduplicated: ccnet_original_length, ccnet_original_nlines;
- deduplication: minhash_signature_{0.7, 0.8, 0.9, 1.0}, which the stages for duplicates have no use for.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from beam_jobs.schema.signals.signal import Signal

GROUP: Final = "redpajama"
CCNET: Final = "CCNet, Wenzek et al. 2020, arXiv:1911.00359, as RedPajama-V2 reports it"
CONTENT: Final = "RedPajama-V2, core/quality_signals/content.py"
LANGUAGE: Final = "RedPajama-V2, core/quality_signals/natural_language.py"
REPETITION: Final = "RedPajama-V2, core/quality_signals/repetitions.py"
EXAMPLE: Final = "RedPajama-V2, gopher_rules_pass of the data set's card"


def _count(name: str, counted: str, unit: str, definition: str, source: str) -> Signal:
    return Signal(GROUP, name, pa.int64(), unit, definition, source, counted=counted)


def _ratio(
    name: str, of: tuple[str, str], definition: str, source: str, *, maximum: float | None = 1
) -> Signal:
    counted, per = of
    unit = f"{counted} per {per}"
    return Signal(
        GROUP, name, pa.float64(), unit, definition, source, maximum=maximum, counted=counted, per=per
    )


_DOCUMENT = (
    _count("ccnet_length", "characters", "code points", "Code points of the text.", CCNET),
    _count("ccnet_nlines", "lines", "lines", "Lines, empty ones too.", CCNET),
    _ratio(
        "rps_doc_curly_bracket",
        ("curly_brackets", "characters"),
        "Curly brackets, { and }, per character of the text.",
        CONTENT,
    ),
    _ratio(
        "rps_doc_lorem_ipsum",
        ("lorem_ipsums", "normal_characters"),
        'How often "lorem ipsum" is in the normalised text, per character of that.',
        CONTENT,
    ),
    _ratio(
        "rps_doc_frac_all_caps_words",
        ("capital_raw_words", "raw_words"),
        "Share of raw words that are upper case (str.isupper: with a capital, and no small or title-case letter).",
        LANGUAGE,
    ),
    _ratio(
        "rps_doc_frac_lines_end_with_ellipsis",
        ("ellipsis_lines", "lines"),
        "Share of lines, empty ones too, that end, white space put aside, with U+2026 or three full stops.",
        LANGUAGE,
    ),
    _ratio(
        "rps_doc_frac_lines_start_with_bulletpoint",
        ("bullet_lines", "lines"),
        "Share of lines, empty ones too, for which rps_lines_start_with_bulletpoint is 1.",
        EXAMPLE,
    ),
    _ratio(
        "rps_doc_frac_no_alph_words",
        ("unalphabetic_raw_words", "raw_words"),
        "Share of raw words, runs of punctuation too, without a letter from a to z or from A to Z.",
        LANGUAGE,
    ),
    _ratio(
        "rps_doc_symbol_to_word_ratio",
        ("symbols", "raw_words"),
        "Symbols, #, U+2026 and three full stops (a run of n full stops holds n div 3), per raw word.",
        LANGUAGE,
        maximum=None,
    ),
    _count(
        "rps_doc_num_sentences",
        "sentences",
        "sentences",
        r"Matches of \b[^.!?]+[.!?]* in the text: runs without . ! and ? that have a word character.",
        LANGUAGE,
    ),
    _count("rps_doc_word_count", "words", "words", "Words of the normalised text.", LANGUAGE),
    _ratio(
        "rps_doc_mean_word_length",
        ("word_characters", "words"),
        "Code points per word of the normalised text: a letter's marks count, as NFD sets them apart.",
        LANGUAGE,
        maximum=None,
    ),
    _ratio(
        "rps_doc_frac_unique_words",
        ("distinct_words", "words"),
        "Different words per word of the normalised text.",
        LANGUAGE,
    ),
    Signal(
        GROUP,
        "rps_doc_unigram_entropy",
        pa.float64(),
        "nats",
        "Entropy of how often the words of the normalised text occur: the sum of -p ln p over different words.",
        LANGUAGE,
    ),
)

_REPETITION = (
    *(
        _ratio(
            f"rps_doc_frac_chars_top_{n}gram",
            (f"top_{n}_gram_characters", "word_characters"),
            f"Copies of the most frequent run of {n} words (of equally frequent ones the first to occur) times the "
            "code points of its words, per code point of all words of the normalised text; overlapping copies count "
            "in full, so that it can exceed 1; 0 when none occurs twice.",
            REPETITION,
            maximum=None,
        )
        for n in (2, 3, 4)
    ),
    *(
        _ratio(
            f"rps_doc_frac_chars_dupe_{n}grams",
            (f"duplicate_{n}_gram_characters", "word_characters"),
            f"Code points of the words that are in a run of {n} words which occurs more than once, the first copy "
            "too, each word once, per code point of all words of the normalised text.",
            REPETITION,
        )
        for n in (5, 6, 7, 8, 9, 10)
    ),
)

_LISTS = (
    Signal(
        GROUP,
        "rps_doc_stop_word_fraction",
        pa.float64(),
        "stop_words per raw_words",
        "Share of raw words that are stop words of the document's language (as `language` has it), as the list spells "
        "them: a capital letter at a sentence's start hides one. No value for languages but de, en, es, fr, it.",
        f"{LANGUAGE}; stopwords-json 1.2.0",
        maximum=1,
        nullable=True,
        counted="stop_words",
        per="raw_words",
        by_language=True,
    ),
    Signal(
        GROUP,
        "rps_doc_ldnoobw_words",
        pa.int64(),
        "n-grams",
        "Runs of words of the normalised text, overlapping ones too, that are entries of the LDNOOBW list of bad words "
        "of the document's language (as `language` has it). Entries are normalised as the text is; the tool takes them "
        "as they are, so that none with an accent or a hyphen is ever found. No value for languages but de, en, es, fr "
        "and it: the tool is run on no others.",
        f"{CONTENT}; naughty-words 1.2.0 (LDNOOBW)",
        nullable=True,
        counted="listed_ngrams",
        by_language=True,
    ),
)

SIGNALS: Final = (*_DOCUMENT, *_LISTS, *_REPETITION)

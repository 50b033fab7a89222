"""Edit programs in words, from what a manifest keeps of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beam_jobs.recipe.cleaning import Program, load_programs, program_names
from beam_jobs.release.manifest import EditProgram
from beam_jobs.release.programs import drop_reasons, drops_with, effect, recorded
from tests.unit.release.building import Written

LATER = {"copies": "later"}


def shipped(*names: str) -> tuple[Program, ...]:
    return load_programs(names, Path())


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"cut": "line", "when": {"words": {"less_than": 3}}}, "lines with words < 3"),
        (
            {"cut": "line", "when": {"words": {"less_than": 2}, "characters": {"at_least": 1}}},
            "lines with words < 2 and characters ≥ 1",
        ),
        ({"cut": "line", "when": {"contains": ["a"]}}, "lines that contain “a”"),
        ({"cut": "line", "when": {"begins_with": ["a", "b"]}}, "lines that begin with “a” or “b”"),
        ({"cut": "line", "when": {"is_all": ["a", "b", "c"]}}, "lines that are “a”, “b” or “c”"),
        (
            {"cut": "line", "when": {"ends_with": ["a", "b", "c", "d", "e"], "words": {"at_most": 9}}},
            "lines that end with “a”, “b”, “c” or one of 2 more with words ≤ 9",
        ),
        ({"cut": "line", "when": {"ends_without": [".", "!"]}}, "lines that end with none of . !"),
        (
            {"cut": "line", "when": {"matches": r"\d+ likes", "near": ["likes"], "words": {"at_most": 4}}},
            r"lines that match \d+ likes with words ≤ 4",
        ),
        (
            {
                "cut": "line",
                "when": {
                    "repeats": {"within": "site", "documents": {"at_least": 10}, "share": {"at_least": 0.5}},
                    "at_edge": True,
                },
            },
            "lines that ≥ 10 texts of the site and a share of ≥ 0.5 have at the beginning or end of the text",
        ),
        (
            {
                "cut": "line",
                "when": {
                    "repeats": {"within": "crawl", "documents": {"more_than": 3}},
                    "words": {"at_least": 9},
                },
            },
            "lines that > 3 texts of the crawl have with words ≥ 9",
        ),
        (
            {
                "cut": "line",
                "when": {
                    "repeats": {"within": "crawl", "alike": "ccnet", "each": "document", "copies": "later"}
                },
            },
            "lines that an earlier document of the crawl has, or this one before (alike: ccnet)",
        ),
        (
            {
                "cut": "line",
                "when": {
                    "repeats": {
                        "within": "site",
                        "share": {"more_than": 0.5},
                        "copies": "later",
                        "alike": "bytes",
                    }
                },
            },
            "lines that an earlier text of the site has, or this one before, and a share of > 0.5 have (alike: bytes)",
        ),
        ({"cut": "match", "when": {"contains": ["a"]}}, "“a” in lines"),
        ({"cut": "match", "when": {"begins_with": ["a"]}}, "“a” at the beginning of lines"),
        (
            {"cut": "match", "when": {"ends_with": ["a", "b"], "words": {"at_most": 10}}, "with_space": True},
            "“a” or “b” at the end of lines with words ≤ 10",
        ),
        ({"cut": "match", "when": {"matches": r"\[\d*\]", "near": ["["]}}, r"what matches \[\d*\] in lines"),
        ({"cut": "document", "when": {"contains": ["{"]}}, "documents with lines that contain “{”"),
        ({"cut": "document", "document": {"sentences": {"less_than": 5}}}, "documents with sentences < 5"),
        ({"cut": "white_space"}, "blank lines and white space that the rules left over"),
    ],
)
def test_what_a_rule_cuts(rule: dict[str, Any], said: str) -> None:
    assert effect(rule) == said


@pytest.mark.parametrize("name", program_names())
def test_every_shipped_rule_can_be_told_from_the_record(name: str) -> None:
    (program,) = shipped(name)
    kept = recorded(program)
    assert (kept.name, kept.version) == (program.name, program.version)
    assert tuple(str(rule["rule"]) for rule in kept.rules) == program.codes
    assert EditProgram.model_validate_json(kept.model_dump_json()) == kept
    for rule in kept.rules:
        said = effect(rule)
        assert said.startswith(("lines ", "documents ", "what matches ", "“", "blank lines"))
        assert "  " not in said
        assert "source" not in rule
    assert len({effect(rule) for rule in kept.rules}) == len(kept.rules)


def test_why_a_document_was_dropped(written: Written) -> None:
    programs = tuple(recorded(program) for program in shipped("site-chrome", "c4/lines", "dclm/modifiers"))
    manifest = written.release.manifest.model_copy(update={"programs": programs})
    assert drop_reasons(manifest) == (
        "c4_lines_lorem_ipsum",
        "c4_lines_curly_bracket",
        "c4_lines_few_sentences",
        "dclm_modifiers_removed_words",
    )
    assert drops_with(manifest, "c4_lines_few_sentences") == (
        "edit program c4/lines drops documents with sentences < 5"
    )
    assert drops_with(manifest, "c4_lines_few_words") is None  # it cuts lines
    assert drops_with(manifest, "gopher_word_count") is None
    assert drops_with(manifest, None) is None
    assert drop_reasons(written.release.manifest) == ()  # its program only cuts

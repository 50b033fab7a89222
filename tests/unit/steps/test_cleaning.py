"""The columns of clean, and what it counts."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from beam_jobs.recipe.cleaning import load_programs
from beam_jobs.schema.documents import CLEANED, ID
from beam_jobs.steps.cleaning import Cleaner
from beam_jobs.steps.edits import apply_edits, cut_bytes
from beam_jobs.steps.text import text_digest, text_digests

FIVE = "One sentence here. Two of them. Now three. And a fourth. The fifth one."
TEXTS = pa.array(
    [
        FIVE,
        f"Menu\n{FIVE} [1]\n\nRead more",
        f"{FIVE}\nA brace {{ here.",
        "No sentence at all",
        "Zum Inhalt springen",
    ]
)
CLEANER = Cleaner(load_programs(["c4/lines", "boilerplate/lines"], Path()))


def test_the_columns() -> None:
    batch, _ = CLEANER.clean(TEXTS, text_digests(TEXTS))
    batch.validate(full=True)
    assert batch.schema == CLEANED
    left = apply_edits(TEXTS, batch["edits"]).to_pylist()
    assert left == [FIVE, FIVE, f"{FIVE}\nA brace {{ here.", "", ""]
    assert batch["text_digest"].to_pylist() == [text_digest(text) for text in left]
    assert batch["text_bytes"].to_pylist() == [len(text) for text in left]
    assert batch["edits"].to_pylist()[1] == [
        {"rule": "c4_lines_few_words", "start": 0, "end": 5},
        {"rule": "c4_lines_white_space", "start": 76, "end": 77},
        {"rule": "c4_lines_citation", "start": 77, "end": 80},
        {"rule": "c4_lines_white_space", "start": 80, "end": 81},
        {"rule": "c4_lines_white_space", "start": 81, "end": 82},
        {"rule": "c4_lines_few_words", "start": 82, "end": 91},
    ]
    few = {"dropped": "c4_lines_few_sentences", "dropped_signal": "sentences", "dropped_threshold": 5.0}
    assert batch["edit_documents"].to_pylist()[1] == [None] * 6
    assert batch["repeated_share"].to_pylist() == [None] * 5  # nobody asked
    nothing = dict.fromkeys(["dropped", "dropped_signal", "dropped_value", "dropped_threshold"])
    drops = batch.select(list(nothing)).to_pylist()
    assert drops == [
        nothing,
        nothing,
        {**nothing, "dropped": "c4_lines_curly_bracket"},
        {**few, "dropped_value": 0.0},
        {**few, "dropped_value": 0.0},
    ]


def test_the_counts_are_those_of_the_columns() -> None:
    batch, counts = CLEANER.clean(TEXTS, text_digests(TEXTS))
    sizes = [len(text.encode()) for text in TEXTS.to_pylist()]
    assert counts["documents"] == 5
    assert counts["edited"] == 3
    assert counts["text_bytes"] + counts["cut_bytes"] == sum(sizes)
    assert counts["cut_bytes"] == int(cut_bytes(batch["edits"]).sum())
    assert counts["dropped"] == {"c4_lines_curly_bracket": 1, "c4_lines_few_sentences": 2}
    assert counts["rules"]["c4_lines_few_words"] == {"documents": 1, "spans": 2, "bytes": 14}
    assert counts["rules"]["c4_lines_citation"] == {"documents": 1, "spans": 1, "bytes": 3}
    assert counts["rules"]["c4_lines_no_end_mark"] == {"documents": 2, "spans": 2, "bytes": 37}
    assert sum(rule["bytes"] for rule in counts["rules"].values()) == counts["cut_bytes"]


def test_a_document_of_which_nothing_is_left_is_dropped() -> None:
    cleaner = Cleaner(load_programs(["boilerplate/lines"], Path()))
    batch, counts = cleaner.clean(TEXTS, text_digests(TEXTS))
    assert batch["dropped"].to_pylist() == [None, None, None, None, "cleaned_empty"]
    assert batch["dropped_signal"].null_count == 5
    assert counts["dropped"] == {"cleaned_empty": 1}


def test_digests_of_texts_without_edits_are_not_made_again() -> None:
    marks = pa.array([bytes([n]) * 16 for n in range(5)], ID)
    batch, _ = CLEANER.clean(TEXTS, marks)
    assert batch["text_digest"].to_pylist()[0] == bytes(16)
    assert batch["text_digest"].to_pylist()[2] == bytes([2]) * 16


def test_no_texts() -> None:
    none = pa.array([], pa.string())
    batch, counts = CLEANER.clean(none, pa.array([], ID))
    assert (len(batch), batch.schema) == (0, CLEANED)
    assert counts == {
        "documents": 0,
        "edited": 0,
        "dropped": {},
        "text_bytes": 0,
        "cut_bytes": 0,
        "rules": {},
    }

from __future__ import annotations

import itertools
import json
from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.release.columns import DATA
from beam_jobs.release.tallies import Cut, Tallies, Volume, merge, tally
from tests.unit.release.building import Written


def table(written: Written) -> pa.Table:
    return pa.Table.from_pylist(list(written.data.values()), DATA)


def test_counts_are_those_of_a_plain_loop(written: Written) -> None:
    rows = list(written.data.values())
    found = tally(table(written))
    assert found.total == Volume(
        len(rows), sum(row["tokens"] for row in rows), sum(len(row["text"].encode()) for row in rows)
    )
    assert {name: volume.documents for name, volume in found.languages.items()} == Counter(
        row["language"] or "und" for row in rows
    )
    assert {name: volume.tokens for name, volume in found.domains.items()} == sum(
        (Counter({row["domain"]: row["tokens"]}) for row in rows), Counter()
    )
    assert found.extractors == {"resiliparse 1.0": len(rows)}
    assert (found.fetched_from, found.fetched_to) == ("2026-10-01T08:30:00Z", "2026-11-01T08:30:00Z")


def test_a_licence_named_twice_on_a_page_counts_once(written: Written) -> None:
    found = tally(table(written))
    with_licence = sum(bool(row["licences"]) for row in written.data.values())
    assert any(len(row["licences"]) == 2 for row in written.data.values())
    assert found.licences == {"https://creativecommons.org/licenses/by/4.0/": with_licence}
    assert found.with_licence == with_licence
    assert found.opt_outs == {"X-Robots-Tag: noai|`x` (header)": found.with_opt_out}


@given(st.lists(st.integers(0, 128), max_size=4), st.randoms(use_true_random=False))
def test_how_rows_are_spread_does_not_matter(written: Written, cuts: list[int], random: object) -> None:
    whole = table(written)
    edges = [0, *sorted(cuts), len(whole)]
    parts = [tally(whole.slice(start, stop - start)) for start, stop in itertools.pairwise(edges)]
    random.shuffle(parts)  # type: ignore[attr-defined]
    assert merge(parts).to_json() == tally(whole).to_json()


def test_record_batches_are_fine(written: Written) -> None:
    batches = table(written).combine_chunks().to_batches(max_chunksize=7)
    assert merge(tally(batch) for batch in batches).to_json() == tally(table(written)).to_json()


def test_they_survive_json(written: Written) -> None:
    found = tally(table(written))
    assert Tallies.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_no_rows_at_all() -> None:
    nothing = tally(DATA.empty_table())
    assert nothing.to_json() == merge([]).to_json() == Tallies().to_json()
    assert merge([nothing, nothing]) == merge([])


def test_null_lists_and_dates_count_as_nothing(written: Written) -> None:
    row = {**next(iter(written.data.values())), "licences": None, "opt_outs": None, "fetched_at": None}
    found = tally(pa.Table.from_pylist([row], DATA))
    assert (found.with_licence, found.with_opt_out, found.fetched_from) == (0, 0, None)


def test_a_null_within_a_finding_does_not_hide_it(written: Written) -> None:
    row = {
        **next(iter(written.data.values())),
        "opt_outs": [{"signal": "noai", "value": None, "source": "meta"}],
    }
    assert tally(pa.Table.from_pylist([row], DATA)).opt_outs == {"noai:  (meta)": 1}


@pytest.mark.parametrize("column", ["tokens", "text", "language"])
def test_a_missing_column_is_not_passed_over(written: Written, column: str) -> None:
    with pytest.raises(KeyError, match=column):
        tally(table(written).drop_columns([column]))


def test_a_robots_directive_is_counted_by_itself(written: Written) -> None:
    """However the rest of the page's robots content reads, and once a page."""
    first, second = list(written.data.values())[:2]
    noai = {"signal": "noai", "source": "meta:robots"}
    first = {**first, "opt_outs": [{**noai, "value": "noai"}, {**noai, "value": "noodp, NOAI, nofollow"}]}
    second = {**second, "opt_outs": [{**noai, "value": "index, noai"}]}
    assert tally(pa.Table.from_pylist([first, second], DATA)).opt_outs == {"noai (meta:robots)": 2}


def test_cuts_are_counted_by_rule(written: Written) -> None:
    rows = [row["edits"] for row in written.data.values()]
    expected = {}
    for rule in ("tests_short", "tests_white_space"):
        spans = [[edit for edit in edits if edit["rule"] == rule] for edits in rows]
        every = [edit for of_row in spans for edit in of_row]
        size = sum(edit["end"] - edit["start"] for edit in every)
        expected[rule] = Cut(sum(map(bool, spans)), len(every), size)
    assert expected["tests_short"].documents < expected["tests_short"].spans
    assert tally(table(written)).cuts == expected
    halves = [table(written).slice(0, 31), table(written).slice(31)]
    assert merge(map(tally, halves)).cuts == expected
    assert Tallies.from_json(json.loads(json.dumps(tally(table(written)).to_json()))).cuts == expected


def test_texts_without_cuts(written: Written) -> None:
    row = {**next(iter(written.data.values())), "edits": []}
    assert tally(pa.Table.from_pylist([row], DATA)).cuts == {}

"""From matches to evidence: what is known of a document and an item together, a row for each such pair.

Of each role the best match counts: that with the greatest weight, of those the nearest to the question, of those the
first. Facts only; `deciding` holds them against a profile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.schema.contamination import ANSWER, CHOICE, MATCHES, PASSAGE, QUESTION, IndexSettings
from beam_jobs.steps.contamination.similarity import EXACT, with_similarities

Numbers = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]

_ORDER: Final = ("row", "benchmark", "item", "first_token", "end_token", "field", "part")
_FAR: Final = np.int64(1) << 40
_PERFECT_UP_TO, _FULL_SLACK_FROM, _LEAST_SCORE = 20, 50, 0.8
"""decon: an item of so few tokens must be found whole, one of so many by this score, between them linearly less."""
_CONFIDENT_NGRAMS: Final = 20
"""decon: a question of fewer n-grams weighs less, down to half; what it loses goes to answer and passage."""


@dataclass(frozen=True)
class _Best:
    """The best match of one role, by pair: whether there is one, and its row in the matches (0 if there is none)."""

    there: npt.NDArray[np.bool_]
    rows: Numbers


def evidence(
    matches: pa.Table,
    settings: IndexSettings,
    near: pa.Table | None = None,
    semantic: pa.Table | None = None,
) -> pa.Table:
    """`MATCHES`, and hits of the near and the semantic finder (`NEAR`) where they were asked, as `EVIDENCE`; `settings`
    are those of the index that made the matches. A document's rows must be there together, all of them."""
    return with_similarities(_exact(matches, settings), near, semantic)


def _exact(matches: pa.Table, settings: IndexSettings) -> pa.Table:
    """What is known by matches alone: `EXACT`."""
    if not len(matches):
        return EXACT.empty_table()
    matches = matches.sort_by([(name, "ascending") for name in _ORDER])
    pair = _pairs(matches)
    pairs = int(pair[-1]) + 1
    columns = {
        name: matches[name].to_numpy()
        for name, kind in zip(MATCHES.names, MATCHES.types, strict=True)
        if not pa.types.is_string(kind)
    }
    roles = {
        role: pc.equal(matches["field"], role).to_numpy() for role in (QUESTION, ANSWER, PASSAGE, CHOICE)
    }
    distance = _distances(columns, pair, pairs, roles[QUESTION])
    best = {
        role: _best(columns, pair, pairs, distance, chosen)
        for role, chosen in roles.items()
        if role != CHOICE
    }
    facts: dict[str, Any] = {}
    for role, found in best.items():
        facts.update(_of_role(role, columns, found))
    for role in (ANSWER, PASSAGE):
        far = distance[best[role].rows]
        known = best[role].there & (far < _FAR)
        facts[f"{role}_distance"] = pa.array(np.where(known, far, 0), pa.int32(), mask=~known)
    facts |= _of_item(columns, pair, pairs, distance, roles[CHOICE], settings.window)
    facts["decon_score"] = _decon_score(facts, settings.window, settings.ngram)
    anchor = _anchors(best, columns, pair)
    taken = matches.take(pa.array(anchor))
    for name in ("row", "benchmark", "item", "field", "start", "end"):
        facts[name] = taken[name]
    made = [
        pc.cast(facts[field.name], field.type)
        if isinstance(facts[field.name], pa.ChunkedArray | pa.Array)
        else pa.array(facts[field.name], field.type)
        for field in EXACT
    ]
    return pa.table(made, schema=EXACT)


def _pairs(matches: pa.Table) -> Numbers:
    """The number of each match's document and item together; matches are sorted by them."""
    fresh = np.zeros(len(matches), bool)
    for name in ("row", "benchmark", "item"):
        column = matches[name].combine_chunks()
        fresh[1:] |= pc.not_equal(column[1:], column[:-1]).to_numpy(zero_copy_only=False)
    return np.cumsum(fresh, dtype=np.int64)


def _distances(
    columns: dict[str, Any], pair: Numbers, pairs: int, is_question: npt.NDArray[np.bool_]
) -> Numbers:
    """Tokens from each match to the nearest of its pair's questions; `_FAR` if there is none."""
    questions = np.flatnonzero(is_question)
    counts = np.bincount(pair[questions], minlength=pairs)
    begins = np.concatenate([[0], np.cumsum(counts)])[:-1]
    times = counts[pair]
    left = np.repeat(np.arange(len(pair)), times)
    within = np.arange(len(left)) - np.repeat(np.cumsum(times) - times, times)
    right = questions[begins[pair[left]] + within]
    first, end = columns["first_token"].astype(np.int64), columns["end_token"].astype(np.int64)
    apart = np.maximum(0, np.maximum(first[left] - end[right], first[right] - end[left]))
    found = np.full(len(pair), _FAR)
    np.minimum.at(found, left, apart)
    return found


def _best(
    columns: dict[str, Any], pair: Numbers, pairs: int, distance: Numbers, chosen: npt.NDArray[np.bool_]
) -> _Best:
    rows = np.flatnonzero(chosen)
    # a question's distance to itself is no distance
    order = np.lexsort((columns["first_token"][rows], distance[rows], -columns["weight"][rows], pair[rows]))
    ordered = rows[order]
    of_pair, first = np.unique(pair[ordered], return_index=True)
    there, found = np.zeros(pairs, bool), np.zeros(pairs, np.int64)
    there[of_pair] = True
    found[of_pair] = ordered[first]
    return _Best(there, found)


def _of_role(role: str, columns: dict[str, Any], best: _Best) -> dict[str, Any]:
    taken = {name: np.where(best.there, column[best.rows], 0) for name, column in columns.items()}
    whole = best.there & (taken["longest"] == taken["tokens"])
    share = np.where(whole, 1.0, _divided(taken["matched_ngrams"], taken["ngrams"]))
    return {
        f"{role}_tokens": taken["tokens"],
        f"{role}_longest": taken["longest"],
        f"{role}_share": share,
        f"{role}_weight": taken["weight"],
        f"{role}_rarity": taken["rarity"],
        f"{role}_covered": taken["covered"],
    }


def _divided(values: Numbers, per: Numbers) -> Shares:
    return np.divide(values, per, out=np.zeros(len(values)), where=per > 0)


def _of_item(  # noqa: PLR0913, PLR0917 - matches, pairs, and what is known of both
    columns: dict[str, Any],
    pair: Numbers,
    pairs: int,
    distance: Numbers,
    is_choice: npt.NDArray[np.bool_],
    window: int,
) -> dict[str, Any]:
    whole = columns["longest"] == columns["tokens"]
    near = np.flatnonzero(is_choice & whole & (distance <= window))
    choices = np.unique(np.stack([pair[near], columns["part"][near]]), axis=1)
    joined, longest, entire = (np.zeros(pairs, np.int64) for _ in range(3))
    np.maximum.at(joined, pair, columns["joined"])
    np.maximum.at(longest, pair, np.maximum(columns["longest"], columns["joined"]))
    np.maximum.at(entire, pair[whole], columns["tokens"][whole])
    counted = np.bincount(choices[0].astype(np.int64), minlength=pairs)
    return {"choices": counted, "joined": joined, "longest": longest, "whole_tokens": entire}


def _decon_score(facts: dict[str, Any], window: int, ngram: int) -> Shares:
    """decon's score, scaled so that what it takes is 0.8 for every length.

    Question, answer and passage count 0.75 : 0.25 (without a passage), 0.85 : 0.15 (without an answer) or 0.7 : 0.2 :
    0.1; an answer or passage counts within the window. See allenai/decon, doc/simple-details.md.
    """
    tokens = {role: facts[f"{role}_tokens"].astype(np.float64) for role in (QUESTION, ANSWER, PASSAGE)}
    near = {role: _near(facts[f"{role}_distance"], window) for role in (ANSWER, PASSAGE)}
    answer, passage = near[ANSWER], near[PASSAGE]
    base_answer = np.where(answer, np.where(passage, 0.2, 0.25), 0.0)
    base_passage = np.where(passage, np.where(answer, 0.1, 0.15), 0.0)
    others = base_answer + base_passage
    ngrams = np.maximum(tokens[QUESTION] - ngram + 1, 0)
    confidence = np.minimum(1.0, 0.5 + 0.5 * ngrams / _CONFIDENT_NGRAMS)
    question = np.where(others > 0, (1 - others) * confidence, 1.0)
    grown = np.divide(1 - question, others, out=np.zeros(len(others)), where=others > 0)
    score = (
        question * facts["question_weight"]
        + base_answer * grown * facts["answer_weight"]
        + base_passage * grown * facts["passage_weight"]
    )
    length = tokens[QUESTION] + np.where(answer, tokens[ANSWER], 0) + np.where(passage, tokens[PASSAGE], 0)
    slack = np.clip((length - _PERFECT_UP_TO) / (_FULL_SLACK_FROM - _PERFECT_UP_TO), 0.0, 1.0)
    needed = 1.0 - (1.0 - _LEAST_SCORE) * slack
    perfect = score >= 1 - 1e-9
    return np.where(perfect, 1.0, np.minimum(score * _LEAST_SCORE / needed, 1.0))


def _near(distance: pa.Array, window: int) -> npt.NDArray[np.bool_]:
    near: npt.NDArray[np.bool_] = pc.fill_null(pc.less_equal(distance, window), False).to_numpy(
        zero_copy_only=False
    )
    return near


def _anchors(best: dict[str, _Best], columns: dict[str, Any], pair: Numbers) -> Numbers:
    """The match that shows a pair best: of the question, else the answer, the passage, the longest choice."""
    order = np.lexsort((columns["first_token"], -columns["longest"], pair))
    _, first = np.unique(pair[order], return_index=True)
    anchor = order[first].astype(np.int64)
    for role in (PASSAGE, ANSWER, QUESTION):
        anchor = np.where(best[role].there, best[role].rows, anchor)
    return anchor

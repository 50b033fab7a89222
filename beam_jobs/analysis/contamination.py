"""A benchmark held against a release: by its membership sketch, and what that affirms on the release's text.

The sketch never denies a field of which enough tokens in a row are in the release; it affirms a few others by chance,
and knows nothing of fields that are shorter. So where the texts are there, *candidates* and items with a question that
is *too short* for the sketch are looked for on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beam_jobs.analysis.confirming import Confirmed, Hit, Progress, confirm, missing_texts
from beam_jobs.analysis.membership import ask_release, sketch_of
from beam_jobs.errors import BadInput
from beam_jobs.recipe.benchmarks import Benchmark
from beam_jobs.recipe.decontaminating import ContaminationProfile
from beam_jobs.release.locate import Release
from beam_jobs.release.sketch import MembershipSketch
from beam_jobs.schema.contamination import QUESTION
from beam_jobs.schema.membership import by_chance, never_denied
from beam_jobs.sources.benchmarks import Items, load_items
from beam_jobs.steps.membership import Answer, candidates

BEYOND_CHANCE: Final = 0.01
"""A candidate is none by chance if a whole benchmark of such fields, none of it in the release, has one as telling with
this probability at most."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Candidate:
    """A field of an item, `matched_tokens` in a row of whose `tokens` may be in the release, at bytes [start, end) of
    it. `by_chance`: how likely a field of this length that is not in it looks so."""

    benchmark: str
    item: str
    field: str
    tokens: int
    matched_tokens: int
    tiles: int
    start: int
    end: int
    by_chance: float


@dataclass(frozen=True)
class BenchmarkCheck:
    """Of a benchmark's `items`: those with a candidate, how many those would be if none of it were in the release, and
    those of them that are none by chance (see `BEYOND_CHANCE`); those without whose question is too short for the
    sketch; and, if anybody looked, those that the text has, in how many documents."""

    name: str
    version: str
    digest: str
    items: int
    candidates: int
    expected_by_chance: float
    beyond_chance: int
    too_short: int
    confirmed: int | None
    documents: int | None


@dataclass(frozen=True)
class Check:
    """What is known of benchmarks in a release. `not_confirmed` says why nobody looked on the text, `profile` by what
    it was decided; `read` documents."""

    release: str
    sketch: MembershipSketch
    least_tiles: int
    benchmarks: tuple[BenchmarkCheck, ...]
    candidates: tuple[Candidate, ...]
    profile: str | None
    not_confirmed: str | None
    read: int
    hits: tuple[Hit, ...]

    @property
    def never_denied_tokens(self) -> int:
        """Tokens in a row of an item that the sketch never denies, asked for chains of `least_tiles`."""
        return never_denied(self.sketch.tile_tokens, self.least_tiles)

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain JSON."""
        return {
            "release": self.release,
            "sketch": self.sketch.model_dump(mode="json"),
            "least_tiles": self.least_tiles,
            "never_denied_tokens": self.never_denied_tokens,
            "benchmarks": [asdict(each) for each in self.benchmarks],
            "candidates": [asdict(each) for each in self.candidates],
            "profile": self.profile,
            "not_confirmed": self.not_confirmed,
            "documents_read": self.read,
            "hits": [each.to_json() for each in self.hits],
        }


@dataclass(frozen=True)
class Asked:
    """How to ask: the least chain of tiles, the profile that confirms (None: the sketch only), whether every item is
    looked for on the text, and how many hits of an item are shown."""

    least_tiles: int = 1
    profile: ContaminationProfile | None = None
    every_item: bool = False
    samples: int = 3


def check(
    release: Release, benchmarks: Sequence[Benchmark], asked: Asked, progress: Progress = lambda _: None
) -> Check:
    """Hold `benchmarks` (located) against the release.

    Raises `BadInput` for a release without a sketch and for a benchmark that cannot be read, naming file and record.
    """
    sketch = sketch_of(release)
    loaded = [load_items(benchmark) for benchmark in benchmarks]
    if not loaded:
        raise BadInput("no benchmark is named", remedy="--benchmark FILE")
    items = pa.concat_tables([each.table for each in loaded]).combine_chunks()
    answer = ask_release(release, items["text"].combine_chunks(), asked.least_tiles)
    looked_at = _Items.of(items, answer, asked.least_tiles)
    found = _candidates(items, answer, sketch)
    confirmed, why_not = _confirmed(release, items, looked_at, asked, progress)
    return Check(
        str(release),
        sketch,
        asked.least_tiles,
        tuple(_books(each, looked_at, found, sketch, asked.least_tiles, confirmed) for each in loaded),
        tuple(found),
        asked.profile.name if confirmed and asked.profile else None,
        why_not,
        confirmed.read if confirmed else 0,
        confirmed.hits if confirmed else (),
    )


@dataclass(frozen=True)
class _Items:
    """The items, a row each (`benchmark`, `item`): which are candidates, which too short; and of the fields' rows the
    item and the number of tokens."""

    keys: pa.Table
    candidate: Flags
    too_short: Flags
    of_field: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int64]

    @classmethod
    def of(cls, items: pa.Table, answer: Answer, least_tiles: int) -> _Items:
        names = list(zip(items["benchmark"].to_pylist(), items["item"].to_pylist(), strict=True))
        fresh = [place == 0 or names[place - 1] != name for place, name in enumerate(names)]
        of_field = np.cumsum(fresh, dtype=np.int64) - 1
        keys = items.select(["benchmark", "item"]).filter(pa.array(fresh, pa.bool_()))
        candidate = np.zeros(len(keys), np.bool_)
        candidate[of_field[answer.chains["row"].to_numpy()]] = True
        longest = np.zeros(len(keys), np.int64)
        question = np.array([field == QUESTION for field in items["field"].to_pylist()], np.bool_)
        np.maximum.at(longest, of_field[question], answer.tokens[question])
        too_short = ~candidate & (longest < never_denied(answer.tile, least_tiles))
        return cls(keys, candidate, too_short, of_field, answer.tokens)

    def of_benchmark(self, name: str) -> Flags:
        """Which items are the benchmark's."""
        return np.array([each == name for each in self.keys["benchmark"].to_pylist()], np.bool_)


def _confirmed(
    release: Release, items: pa.Table, looked_at: _Items, asked: Asked, progress: Progress
) -> tuple[Confirmed | None, str | None]:
    if asked.profile is None:
        return None, "only the sketch was asked"
    if missing := missing_texts(release):
        return None, f"{missing} of {len(release.of_kind('data'))} data files of the release are not there"
    wanted = looked_at.candidate | looked_at.too_short | asked.every_item
    found = confirm(
        release,
        items,
        wanted=looked_at.keys.filter(pa.array(wanted)),
        profile=asked.profile,
        samples=asked.samples,
        progress=progress,
    )
    return found, None


def _books(  # noqa: PLR0913, PLR0917 - what is known of a benchmark, and how it was asked for
    loaded: Items,
    looked_at: _Items,
    found: Sequence[Candidate],
    sketch: MembershipSketch,
    least: int,
    confirmed: Confirmed | None,
) -> BenchmarkCheck:
    name = loaded.benchmark.name
    mine = looked_at.of_benchmark(name)
    most = BEYOND_CHANCE / len(loaded.table)
    telling = {each.item for each in found if each.benchmark == name and each.by_chance <= most}
    return BenchmarkCheck(
        name,
        loaded.benchmark.version,
        loaded.digest,
        loaded.count,
        int(np.count_nonzero(looked_at.candidate & mine)),
        _expected(looked_at, mine, sketch, least),
        len(telling),
        int(np.count_nonzero(looked_at.too_short & mine)),
        None if confirmed is None else sum(key[0] == name for key in confirmed.items),
        None if confirmed is None else confirmed.documents.get(name, 0),
    )


def _expected(looked_at: _Items, mine: Flags, sketch: MembershipSketch, least: int) -> float:
    """How many of these items would be candidates if nothing of them were in the release."""
    rate = min(sketch.false_positive_rate**least, 1 - 1e-12)
    places = np.maximum(looked_at.tokens - least * sketch.tile_tokens + 1, 0)
    of_item = np.bincount(looked_at.of_field, places, len(mine))[mine]
    return float(np.sum(-np.expm1(of_item * np.log1p(-rate))))


def _candidates(items: pa.Table, answer: Answer, sketch: MembershipSketch) -> list[Candidate]:
    """The most telling first: those that chance explains least."""
    found = [
        Candidate(
            row["benchmark"],
            row["item"],
            row["field"],
            row["tokens"],
            row["end_token"] - row["first_token"],
            row["tiles"],
            row["start"],
            row["end"],
            by_chance(sketch.false_positive_rate, row["tiles"], row["tokens"], answer.tile),
        )
        for row in candidates(items, answer.chains).to_pylist()
    ]
    return sorted(found, key=lambda each: each.by_chance)

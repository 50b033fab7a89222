"""What a release may hold, by its membership sketch: no text of the release is read.

The sketch is looked at a part at a time, so memory does not grow with the release.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from beam_jobs.errors import BadInput
from beam_jobs.release.locate import Release
from beam_jobs.release.sketch import MembershipSketch
from beam_jobs.schema.membership import by_chance
from beam_jobs.steps.membership import Answer, Part, ask
from beam_jobs.store.files import local_file
from beam_jobs.store.records import FileRecord

MOST_BYTES: Final = 256 << 20
"""Of a text that is asked for: asking takes some thirty bytes of memory for each token."""


def sketch_of(release: Release) -> MembershipSketch:
    """What the manifest says of its sketch; raises `BadInput` for a release that has none."""
    if release.manifest.sketch is None:
        raise BadInput(
            "it has no membership sketch: it was made before there were any, or its recipe declined one",
            where=str(release),
            remedy="release it again with `release: {sketch: true}`: text and measurements are reused",
        )
    return release.manifest.sketch


def parts_of(release: Release) -> Iterator[Part]:
    """The parts of its sketch, in order, each checked as it is read."""
    for file in release.of_kind("sketch"):
        record = FileRecord(release.key(file), file.kind, None, None, file.bytes, file.sha256)
        with local_file(release.store, record) as path:
            yield Part.load(path)


def ask_release(release: Release, text: pa.StringArray, least_tiles: int = 1) -> Answer:
    """What the release's sketch says of each passage of `text`; raises `BadInput` if it has none."""
    sketch_of(release)
    return ask(parts_of(release), text, least_tiles)


@dataclass(frozen=True)
class Passage:
    """Bytes [start, end) of the text asked for, `tokens` tokens in a row of which may be in the release.

    `tiles` of the release are behind one another there. `by_chance`: how likely a text of this length, none of it in
    the release, has so many somewhere.
    """

    start: int
    end: int
    tokens: int
    tiles: int
    by_chance: float
    text: str


@dataclass(frozen=True)
class Contained:
    """Which passages of a text of so many `tokens` may be in a release, in the text's order; `covered` tokens are in
    one of them at least."""

    release: str
    sketch: MembershipSketch
    tokens: int
    covered: int
    passages: tuple[Passage, ...]

    @property
    def share(self) -> float:
        """The share of the text's tokens that may be in the release."""
        return self.covered / self.tokens if self.tokens else 0.0

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain JSON."""
        return {
            "release": self.release,
            "tokens": self.tokens,
            "covered_tokens": self.covered,
            "share": self.share,
            "false_positive_rate": self.sketch.false_positive_rate,
            "tile_tokens": self.sketch.tile_tokens,
            "never_denied_tokens": self.sketch.never_denied_tokens,
            "passages": [asdict(each) for each in self.passages],
        }


def contains(release: Release, text: str, least_tiles: int = 1, *, where: str = "text") -> Contained:
    """Which passages of `text` may be in the release, those of `least_tiles` tiles and more.

    Raises `BadInput` naming `where` if it is longer than `MOST_BYTES`, and for a release without a sketch.
    """
    sketch, data = sketch_of(release), text.encode()
    if len(data) > MOST_BYTES:
        raise BadInput(
            f"the text has {len(data):,} bytes; {MOST_BYTES:,} can be asked for at once",
            where=where,
            remedy="split it",
        )
    answer = ask_release(release, pa.array([text], pa.string()), least_tiles)
    chains, tokens = answer.chains, int(answer.tokens[0])
    inside = np.zeros(tokens + 1, np.int64)
    np.add.at(inside, chains["first_token"].to_numpy(), 1)
    np.add.at(inside, chains["end_token"].to_numpy(), -1)
    passages = [
        Passage(
            row["start"],
            row["end"],
            row["end_token"] - row["first_token"],
            row["tiles"],
            by_chance(sketch.false_positive_rate, row["tiles"], tokens, sketch.tile_tokens),
            data[row["start"] : row["end"]].decode(),
        )
        for row in chains.sort_by([("start", "ascending"), ("end", "ascending")]).to_pylist()
    ]
    covered = int(np.count_nonzero(np.cumsum(inside)))
    return Contained(str(release), sketch, tokens, covered, tuple(passages))

"""The dataset card: `README.md` of a release, rendered from its facts and nothing else.

The same facts give the same bytes. What is not done is said too, derived from the stages that ran: no
sentence of the card can outlive its truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import yaml

from beam_jobs.release import contamination, duplicates
from beam_jobs.release.columns import (
    DATA,
    DATA_MEANINGS,
    INDEX_MEANINGS,
    LEDGER_MEANINGS,
    WEIGHTS,
    WEIGHTS_MEANINGS,
)
from beam_jobs.release.facts import ReleaseFacts
from beam_jobs.release.hub import front_matter
from beam_jobs.release.markdown import environment
from beam_jobs.release.provenance import STAGES
from beam_jobs.schema.documents import INDEX, LEDGER

CARD = "README.md"
PROVENANCE = "provenance.json"


@dataclass(frozen=True)
class Column:
    """A column as documented."""

    name: str
    type: str
    meaning: str


def render_card(facts: ReleaseFacts) -> bytes:
    """`README.md`: Hugging Face front matter and Markdown, UTF-8."""
    header = yaml.safe_dump(front_matter(facts), sort_keys=False, allow_unicode=True, width=1000)
    body = (
        environment()
        .get_template("card.md.j2")
        .render(
            facts=facts,
            stages=STAGES,
            language_model=_language_model(facts),
            deduplication=list(duplicates.described(facts.recipe)),
            decontamination=contamination.described(facts.recipe),
            weighing=duplicates.weighing(facts.recipe),
            limits=list(_limits(facts)),
            tables=[
                ("data", "the documents", _data_columns(facts)),
                ("ledger", "the fate of every record", columns(LEDGER, LEDGER_MEANINGS)),
                ("index", "records by address", columns(INDEX, INDEX_MEANINGS)),
            ],
        )
    )
    return f"---\n{header}---\n\n{body}".encode()


def _data_columns(facts: ReleaseFacts) -> list[Column]:
    weights = columns(WEIGHTS, WEIGHTS_MEANINGS) if duplicates.weighing(facts.recipe) else []
    return [*columns(DATA, DATA_MEANINGS), *weights]


def columns(schema: pa.Schema, meanings: dict[str, str]) -> list[Column]:
    """The schema's columns with their meanings, in the schema's order."""
    return [Column(field.name, str(field.type), meanings[field.name]) for field in schema]


def _language_model(facts: ReleaseFacts) -> str | None:
    """What identified the languages, as the recipe says."""
    stated = (facts.recipe.get("annotate") or {}).get("language_model")
    if isinstance(stated, dict):
        return f"{stated['uri']} (sha256 {stated['sha256']})"
    return "fastText's lid.176.ftz" if stated == "bundled" else stated


def _limits(facts: ReleaseFacts) -> Iterator[str]:
    """What the reader must not assume. Whoever adds a stage revises this list: a test compares the stages."""
    extractors = " and ".join(facts.extractors) or "none"
    yield f"Text was extracted automatically ({extractors}): some pages keep navigation or lose content."
    stages = {stage.stage for stage in facts.stages}
    if "clean" in stages:
        yield "Edit programs cut lines by their form and frequency: some of what they cut was content."
    else:
        yield "Lines were not cleaned: boilerplate that extraction left is in the text."
    yield from duplicates.limits(facts.recipe)
    yield from duplicates.limits_of_filters(facts.filters)
    if not facts.rules:
        yield "No quality rule was applied: every page with text was eligible."
    else:
        yield f"Quality was judged by the rules of {facts.profile} alone; they measure form, not truth or harm."
    yield "Personal data was not looked for and not removed."
    yield "Toxic, adult or otherwise harmful content was not looked for and not removed."
    yield from contamination.limits(facts.recipe, facts.benchmarks)
    yield (
        "Licences and opt-out signals are recorded as found on the page and in its headers. Whether they speak of "
        "training was not judged, and no page was removed because of them."
    )
    yield "Languages were identified by a model, which errs most on short, mixed and rarely written ones."
    yield "Tokens are estimated, without a tokeniser."

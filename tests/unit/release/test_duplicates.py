from __future__ import annotations

from typing import Any

import pytest

from beam_jobs.recipe.dedup import MinHash
from beam_jobs.recipe.substring import Substring
from beam_jobs.release.duplicates import described, limits, passages_cut


def recipe(*methods: Any) -> dict[str, Any]:
    """As a manifest keeps it."""
    return {"dedup": [method.record() for method in methods]}


@pytest.mark.parametrize(
    ("settings", "said", "cut"),
    [
        (
            {},
            "substring: passages of at least 50 words that stand earlier too (by crawl, then document id, then place) "
            "were cut; pages of which nothing was left were set aside.",
            "passages of at least 50 words that stand earlier too",
        ),
        (
            {"unit": "characters", "length": 1500, "drop_share": 0.7},
            "substring: passages of at least 1,500 characters that stand earlier too (by crawl, then document id, then "
            "place) were cut; pages of which more than 70 % was cut were set aside.",
            "passages of at least 1,500 characters that stand earlier too",
        ),
        (
            {"action": "mark"},
            "substring: pages with passages of at least 50 words that stand earlier too are marked.",
            None,
        ),
    ],
)
def test_what_is_said_of_passages(settings: dict[str, Any], said: str, cut: str | None) -> None:
    made = recipe(MinHash(), Substring(**settings))
    assert list(described(made))[-1] == said
    assert passages_cut(made) == cut


def test_limits_say_what_remains() -> None:
    alone, both = " ".join(limits(recipe(Substring()))), " ".join(limits(recipe(MinHash(), Substring())))
    assert "Duplicates of whole pages were not looked for beside that." in alone
    assert "Duplicates were not removed." not in alone
    assert "Passages repeated in otherwise different pages remain." not in both
    assert "Passages repeated in otherwise different pages remain." in " ".join(limits(recipe(MinHash())))
    marked = " ".join(limits(recipe(Substring(action="mark"))))
    assert "Passages that pages have in common were looked for and remain" in marked
    assert passages_cut({"dedup": []}) is None
    assert list(limits({"dedup": []})) == ["Duplicates were not removed."]

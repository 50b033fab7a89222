"""Which rules decide: those of a recipe on languages, then those of its profile. Knows no documents."""

from __future__ import annotations

from pathlib import Path

from beam_jobs.errors import BadInput
from beam_jobs.recipe.cleaning import Program, load_programs
from beam_jobs.recipe.model import Recipe, load_recipe
from beam_jobs.recipe.profile import LANGUAGE, Profile, Rule, load_profile
from beam_jobs.recipe.strict import read_yaml, validate
from beam_jobs.schema.reasons import LANGUAGE_REASON, LANGUAGE_SCORE_REASON

_YAML = (".yaml", ".yml")


def deciding_profile(recipe: Recipe, path: Path) -> Profile:
    """The profile of `recipe` (read from `path`), with the recipe's own rules on languages before its rules.

    Raises `BadInput` for an unknown or faulty profile, and for one that uses the recipe's reasons itself.
    """
    name = recipe.profile
    profile = load_profile(path.parent / name if name.endswith(_YAML) else name)
    own = tuple(_rules_of(recipe))
    if not own:
        return profile
    if taken := sorted({rule.reason for rule in own} & {rule.reason for rule in profile.rules}):
        raise BadInput(
            f"its profile {profile.name} and the recipe both set documents aside as {', '.join(taken)}",
            where=str(path),
            remedy="leave languages to one of them",
        )
    return profile.model_copy(update={"rules": (*own, *profile.rules)})


def _rules_of(recipe: Recipe) -> list[Rule]:
    asked: list[tuple[str, str, dict[str, object]]] = []
    if recipe.languages:
        asked.append((LANGUAGE_REASON, LANGUAGE, {"one_of": recipe.languages}))
    if recipe.language_score is not None:
        asked.append((LANGUAGE_SCORE_REASON, "language_score", {"at_least": recipe.language_score}))
    return [
        validate(
            Rule,
            {"reason": reason, "signal": signal, "keep_if": keep_if, "source": "the recipe"},
            where="recipe",
        )
        for reason, signal, keep_if in asked
    ]


def rules_named(name: str) -> Profile:
    """The rules meant by `name`: a profile's name, or the path of a profile or of a recipe.

    Raises `BadInput` for an unknown name and for every fault in the file.
    """
    if _is_recipe(name):
        return deciding_profile(load_recipe(Path(name)), Path(name))
    return load_profile(name)


def programs_named(name: str) -> tuple[Program, ...] | None:
    """The edit programs of the recipe that `name` is the path of; None for a profile, which says nothing of texts.

    Raises `BadInput` for every fault in the recipe or a program.
    """
    return load_programs(load_recipe(Path(name)).clean, Path(name).parent) if _is_recipe(name) else None


def _is_recipe(name: str) -> bool:
    if not name.endswith(_YAML):
        return False
    document = read_yaml(Path(name))
    return isinstance(document, dict) and "corpus" in document

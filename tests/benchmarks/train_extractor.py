"""Train the model of the extractor `strata`.

    python -m tests.benchmarks.train_extractor --snippets FILE.json --out beam_jobs/kernels/html/model.json \
        [--labels FILE.json] [--folds DIRECTORY] WARC ...

Wants lightgbm (4.x) beside the project's packages; it is not among them, since only this script uses it.

What a block is, is known of few: the phrases of `--snippets` say it of some (see `extraction`), labels by hand of more
(`--labels`: URL -> text of a block without anything but letters and digits, see `bare` -> 0 or 1). For all others
there are teachers: what several settings of trafilatura, and resiliparse, take of the page. A first model learns from
the known blocks which teachers to believe where; what it says of pages that it has not seen are the labels of the
model that is shipped, which sees no teachers. Known labels that a held-out model is sure are wrong are turned round
(phrases stand on pages more than once). A third of the blocks is learnt a second time without hints from names, so
that the model does without them. Headings that repeat the page's title are no content: it has a column of its own.

With `--folds` the models that have not seen a fifth of the sites each are written too, for `extraction --held-out`.
"""

from __future__ import annotations

import argparse
import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from beam_jobs.kernels.html.features import FEATURES
from beam_jobs.kernels.html.page import measure_page
from beam_jobs.steps.extract import HtmlPage, make_extractor
from tests.benchmarks.extraction import Snippets, pages, site

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]
Known = Mapping[str, Mapping[str, int]]

_FOLDS = 5
_UNKNOWN = -1
_PHRASE, _HAND = 8.0, 3.0
"""How much more than a block of full certainty those weigh that a phrase or a hand has labelled."""
_SURE = 0.9
_WITHOUT_HINTS = 0.35


@dataclass
class Examples:
    """Blocks of all pages: features; by the teachers, by a phrase, by hand (-1: not known); page; letters."""

    rows: npt.NDArray[np.float32]
    teachers: Labels
    phrases: Labels
    hand: Labels
    page: npt.NDArray[np.int64]
    letters: npt.NDArray[np.int64]
    urls: list[str]

    @property
    def size(self) -> Floats:
        """A block's weight by its length."""
        return np.minimum(3.0, 0.3 + self.letters / 100)

    def folds(self) -> tuple[Labels, list[list[str]]]:
        """The fold of each block, and the sites of each fold; a site's pages share one."""
        sites = [site(url) for url in self.urls]
        names = sorted(set(sites))
        numbers = np.random.default_rng(0).permutation(len(names)) % _FOLDS
        of_site = dict(zip(names, numbers.tolist(), strict=True))
        held = [[name for name in names if of_site[name] == fold] for fold in range(_FOLDS)]
        return np.array([of_site[name] for name in sites], np.int8)[self.page], held


def bare(text: str) -> str:
    """Letters and digits only."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).lower()


def _teachers() -> list[Callable[[str, str], str]]:
    import trafilatura

    options = {"include_comments": False, "include_tables": True, "deduplicate": False}
    settings: list[dict[str, bool]] = [{}, {"favor_precision": True}, {"favor_recall": True}, {"fast": True}]

    def taught(html: str, url: str, setting: Mapping[str, bool]) -> str:
        return trafilatura.extract(html, url=url, **options, **setting) or ""

    resiliparse = make_extractor("resiliparse")
    return [
        *(partial(taught, setting=setting) for setting in settings),
        lambda html, url: resiliparse.extract(HtmlPage(html, url)).text,
    ]


def examples(archives: Sequence[Path], snippets: Snippets, known: Known) -> Examples:
    """The blocks of all pages with what is known of them."""
    teachers = _teachers()
    rows, taught, phrases, hand, page_of, letters, urls = [], [], [], [], [], [], []
    for number, (url, html) in enumerate(pages(archives)):
        measured = measure_page(html.encode("utf-8", "replace"))
        texts = [teach(html, url) for teach in teachers]
        wholes = [(bare(text), {bare(line) for line in text.split("\n")}) for text in texts]
        content, other = (
            [bare(p) for p in snippets.get(url, {}).get(key, ())] for key in ("with", "without")
        )
        urls.append(url)
        rows.append(measured.rows.copy())
        for text in map(bare, measured.texts):
            holds, lacks = (any(p and p in text for p in side) for side in (content, other))
            taught.append([_holds(whole, lines, text) for whole, lines in wholes])
            phrases.append(int(holds) if holds != lacks else _UNKNOWN)
            hand.append(known.get(url, {}).get(text, _UNKNOWN))
            page_of.append(number)
            letters.append(len(text))
    return Examples(
        np.concatenate(rows),
        np.array(taught, np.int8),
        np.array(phrases, np.int8),
        np.array(hand, np.int8),
        np.array(page_of),
        np.array(letters),
        urls,
    )


def _holds(whole: str, lines: set[str], text: str) -> bool:
    """Whether a teacher's text holds a block: short ones as a line, long ones for the most part."""
    if len(text) < 25:
        return bool(text) and text in lines
    pieces = [text[at : at + 30] for at in range(0, len(text) - 29, 30)]
    return text in whole or (len(text) > 80 and sum(piece in whole for piece in pieces) > 0.6 * len(pieces))


def fit(rows: Any, labels: Any, weights: Any, leaves: int = 31) -> Any:
    """A model of gradient-boosted trees."""
    import lightgbm  # type: ignore[import-not-found, unused-ignore]

    model = lightgbm.LGBMClassifier(
        n_estimators=150,
        num_leaves=leaves,
        learning_rate=0.08,
        min_child_samples=40,
        subsample=0.8,
        subsample_freq=1,
        colsample_bytree=0.6,
        reg_lambda=5,
        random_state=0,
        n_jobs=1,
        verbose=-1,
    )
    return model.fit(rows, labels, weights)


def soft_labels(data: Examples, folds: Labels) -> Floats:
    """How likely each block is content, by a model that sees the teachers and has not seen the block's site."""
    beside = [data.teachers, np.roll(data.teachers, 1, 0), np.roll(data.teachers, -1, 0)]
    seen = np.hstack([data.rows, *beside, data.teachers.sum(1, keepdims=True)])
    labels = np.where(
        data.phrases >= 0, data.phrases, np.where(data.hand >= 0, data.hand, data.teachers[:, 0])
    )
    weights = data.size * np.where(data.phrases >= 0, 20.0, np.where(data.hand >= 0, _HAND, 1.0))
    odds = np.zeros(len(labels))
    for fold in range(_FOLDS):
        own = folds == fold
        odds[own] = fit(seen[~own], labels[~own], weights[~own], 15).predict_proba(seen[own])[:, 1]
    return odds


def targets(data: Examples, soft: Floats) -> tuple[Labels, Floats]:
    """The labels and weights of the model that is shipped."""
    labels = np.where(data.phrases >= 0, data.phrases, np.where(data.hand >= 0, data.hand, soft > 0.5))
    certain = 0.2 + 1.6 * np.abs(soft - 0.5)
    weights = data.size * np.where(data.phrases >= 0, _PHRASE, np.where(data.hand >= 0, _HAND, certain))
    column = {name: data.rows[:, place] for place, name in enumerate(FEATURES)}
    level, like_title = column["heading_level"], column["title_overlap"] > 0.75
    title = (level > 0) & (level <= 2) & like_title & (column["words"] >= 3) & (data.phrases < 0)
    labels[title], weights[title] = 0, data.size[title]
    return labels.astype(np.int8), weights


def learn(data: Examples, labels: Labels, weights: Floats, chosen: npt.NDArray[np.bool_]) -> Any:
    """A model from the `chosen` blocks, some of them a second time without hints from names."""
    at = np.flatnonzero(chosen)
    again = at[np.random.RandomState(0).rand(len(at)) < _WITHOUT_HINTS]
    without = data.rows[again].copy()
    without[:, [place for place, name in enumerate(FEATURES) if name.startswith("hint_")]] = 0
    rows = np.vstack([data.rows[at], without])
    return fit(rows, np.r_[labels[at], labels[again]], np.r_[weights[at], weights[again] / 2])


def held_out(data: Examples, labels: Labels, weights: Floats, folds: Labels) -> tuple[Floats, list[Any]]:
    """Each block's probability by the model that has not seen its site, and these models."""
    models = [learn(data, labels, weights, folds != fold) for fold in range(_FOLDS)]
    odds = np.zeros(len(labels))
    for fold, model in enumerate(models):
        odds[folds == fold] = model.predict_proba(data.rows[folds == fold])[:, 1]
    return odds, models


def exported(model: Any) -> dict[str, Any]:
    """The trees as the kernel wants them (see `kernels.html.decide.Model`)."""
    flat: dict[str, Any] = {name: [] for name in ("roots", "feature", "right", "number")}

    def add(node: dict[str, Any]) -> None:
        at = len(flat["feature"])
        leaf = "split_feature" not in node
        number = round(node["leaf_value"], 5) if leaf else float(f"{np.float32(node['threshold']):.7g}")
        flat["feature"].append(-1 if leaf else node["split_feature"])
        flat["number"].append(number)
        flat["right"].append(0)
        if not leaf:
            add(node["left_child"])
            flat["right"][at] = len(flat["feature"])
            add(node["right_child"])

    for tree in model.booster_.dump_model()["tree_info"]:
        flat["roots"].append(len(flat["feature"]))
        add(tree["tree_structure"])
    return {"features": list(FEATURES), **flat}


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archives", nargs="+", type=Path)
    parser.add_argument("--snippets", type=Path, required=True)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--folds", type=Path)
    options = parser.parse_args()
    known = json.loads(options.labels.read_text(encoding="utf-8")) if options.labels else {}
    data = examples(options.archives, json.loads(options.snippets.read_text(encoding="utf-8")), known)
    folds, sites = data.folds()
    labels, weights = targets(data, soft_labels(data, folds))
    odds, _ = held_out(data, labels, weights, folds)
    wrong = (data.phrases >= 0) & (np.where(labels == 1, 1 - odds, odds) > _SURE)
    labels[wrong], weights[wrong] = 1 - labels[wrong], data.size[wrong]
    print(
        f"{len(labels)} blocks; {wrong.sum()} of {(data.phrases >= 0).sum()} labels by phrases turned round"
    )
    everything = learn(data, labels, weights, np.ones(len(labels), np.bool_))
    options.out.write_text(json.dumps(exported(everything), separators=(",", ":")), encoding="utf-8")
    if options.folds:
        options.folds.mkdir(parents=True, exist_ok=True)
        _, models = held_out(data, labels, weights, folds)
        for fold, model in enumerate(models):
            stored = {**exported(model), "sites": sites[fold]}
            (options.folds / f"fold-{fold}.json").write_text(json.dumps(stored), encoding="utf-8")


if __name__ == "__main__":
    main()

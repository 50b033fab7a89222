"""What each stage makes of a small fixed corpus, and the versions under which it did: recorded, and compared.

A stage's output is named by its code version among others; if the output changes and the version does not, old and
new outputs are mixed without a word. So `tests/integration/test_golden.py` fails on a changed digest under the same
version. After raising the version (of a stage: `Stage(..., version, ...)` in its file below `beam_jobs/jobs`; of a
signal: in `beam_jobs/schema/signals.py`), or after any other change that fingerprints show, record the new output with

    python -m tests.golden

which refuses when a version was forgotten. Digests are of values, column by column, not of Parquet bytes; archives are
not compressed, so that no library for either decides; and floats count to twelve digits (those of the language model,
whose sums depend on the processor, to three).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from beam_jobs.schema.documents import SCHEMA_VERSION
from beam_jobs.store.fingerprint import canonical_json, digest
from beam_jobs.store.local import LocalStore
from beam_jobs.store.stages import StageManifest, StageSpec, read_manifest
from tests.corpora import Page, bullets, in_one_line, prose, write_archive, write_recipe
from tests.refreshing import bind, one_by_one, refresh_and_release

RECORDED = Path(__file__).parent / "integration" / "golden.json"

_PROGRAMS = ["site-chrome", "boilerplate/lines", "dclm/modifiers", "dolma/paragraphs"]
_DEDUP = [
    "exact",
    {"method": "url", "action": "mark"},
    {"method": "minhash", "keep": "longest"},
    {"method": "bloom", "items": 1000, "action": "mark"},
    "soft",
    {"method": "substring", "length": 12, "group_bytes": 1 << 10},
]
_DECONTAMINATION = {
    "benchmarks": [{"name": "golden", "uri": "benchmark.jsonl"}],
    "action": "cut",
    "background_documents": 2,
}
_MODEL_COLUMNS = ("language_score",)
_GERMAN = (
    "Die Bäckerei an der Straße öffnet früh am Morgen, und über den Dächern der Stadt liegt noch der Nebel. Wer um "
    "sechs Uhr kommt, findet die Brötchen warm im Korb. Später, wenn die Kinder zur Schule gehen, ist das Geschäft "
    "voll, und man wartet gern ein wenig länger, denn es riecht nach Kaffee und nach süßem Gebäck."
)
_LICENCE = '<link rel=license href="https://creativecommons.org/licenses/by/4.0/">'
_ROBOTS = '<meta name=robots content="noindex, noai"><meta name=tdm-reservation content=1>'


def _page(number: int, text: str, **settings: Any) -> Page:
    return Page(f"https://site{number % 3}.example.co.uk/page/{number}", text, **settings)


_BENCHMARK = "".join(
    json.dumps({"question": question, "answer": answer}, ensure_ascii=False) + "\n"
    for question, answer in (
        (f"{prose(28).partition('.')[0]}?", prose(28).split(".")[1]),
        ("Wann findet man die Brötchen an der Straße noch warm im Korb?", "um sechs Uhr"),
        ("What is nowhere to be found in any of these pages, whoever looks for it?", "this"),
    )
)


def _crawls() -> dict[str, list[Page]]:
    earlier = [
        _page(0, prose(0)),
        _page(1, _GERMAN, encoding="windows-1252", content_type="text/html; charset=windows-1252"),
        _page(2, f"{prose(2)}\n\n{prose(2)}"),
        _page(3, prose(3), head=_LICENCE),
        _page(4, prose(4), head=_ROBOTS, headers={"X-Robots-Tag": "noimageai"}),
        _page(5, "Too short."),
        _page(6, "Gone", status="410 Gone"),
        _page(7, "GIF89a", content_type="image/gif"),
        _page(8, ""),
        _page(9, bullets(9), kind="conversion"),
        _page(10, prose(10), content_type="text/plain"),
        _page(11, kind="request", text=""),
        _page(12, "学而时习之，不亦说乎？有朋自远方来，不亦乐乎？人不知而不愠，不亦君子乎？" * 4),
    ]
    earlier += [
        Page(
            f"https://www.site.example/{number}",
            "\n\n".join(["All the pages of one site.", prose(number), "Read more", prose(100 + number)]),
            kind="conversion",
        )
        for number in range(30, 41)
    ]
    earlier += [
        _page(18, f"{prose(18)}\n\nREAD ALL OF IT\n{prose(19)}", kind="conversion"),
        _page(19, f"{prose(25)}\n\nMehr lesen\none\ntwo", kind="conversion"),
        _page(26, prose(26)),
        _page(24, f"{prose(24)}\nschÃ¶n und gut\x07, Sign-in", kind="conversion"),
    ]
    later = [
        _page(20, prose(0)),
        _page(21, in_one_line(bullets(9)), kind="conversion"),
        _page(22, prose(22)),
        _page(23, prose(22)),
        _page(25, prose(26).replace("subject", "matter", 1)),
        Page("https://site0.example.co.uk/page/3?utm_source=golden", prose(27)),
        _page(28, f"{prose(28)}\n\n{prose(29)}\n\n{prose(3)}"),
    ]
    return {"earlier": earlier, "later": later}


def measure(folder: Path) -> dict[str, Any]:
    """Run the whole way over the corpus below `folder`: for each stage its identity and its columns' digests."""
    archives = {crawl: [write_archive(folder / f"{crawl}.warc", pages)] for crawl, pages in _crawls().items()}
    (folder / "benchmark.jsonl").write_text(_BENCHMARK, encoding="utf-8")
    recipe = write_recipe(
        folder / "recipe.yaml", archives, clean=_PROGRAMS, dedup=_DEDUP, decontamination=_DECONTAMINATION
    )
    store = LocalStore(folder / "root")
    published = refresh_and_release(one_by_one(store), recipe).release
    plan = bind(recipe)
    crawls = plan.choose(None)
    specs = [spec for crawl in crawls for spec in plan.crawls[crawl].values()]
    specs += [*plan.duplicates(crawls), *plan.deciding(crawls)]
    specs.append(plan.publish(crawls, published.manifest.version))
    return {
        f"{spec.stage} {spec.crawl or ''}".strip(): {
            "identity": _identity(spec),
            "inputs": sorted({f"{ref.stage} {ref.crawl or ''}".strip() for ref in spec.inputs}),
            "columns": _columns(store, read_manifest(store, spec.ref)),
        }
        for spec in specs
    }


def _identity(spec: StageSpec) -> str:
    """All that a fingerprint is made of but the inputs, whose own change is told where it happened."""
    return digest(
        {
            "version": spec.version,
            "schema": SCHEMA_VERSION,
            "parameters": spec.parameters,
            "sources": list(spec.sources),
        }
    )


def _columns(store: LocalStore, manifest: StageManifest) -> dict[str, str]:
    digests: dict[str, Any] = {}
    for file in manifest.files:
        if file.rows is None:  # no table: what an index is good for shows in others
            if file.kind == "sketch":
                digests.setdefault(file.kind, hashlib.sha256()).update(file.sha256.encode())
            continue
        table = pq.read_table(store.url(file.key))
        for name in table.column_names:
            column = digests.setdefault(f"{file.kind}.{name}", hashlib.sha256())
            column.update(canonical_json([str(file.shard), *_values(table[name], name)]))
    return {name: column.hexdigest()[:16] for name, column in sorted(digests.items())}


def _values(column: pa.ChunkedArray, name: str) -> Iterator[Any]:
    digits = 3 if name in _MODEL_COLUMNS else 12
    return (_plain(value, digits) for value in column.to_pylist())


def _plain(value: Any, digits: int) -> Any:
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(item, digits) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item, digits) for key, item in value.items()}
    return value


def forgotten(recorded: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """The stages whose output changed although nothing that their fingerprint is made of did, with the columns."""
    faults = []
    changed: set[str] = set()
    for stage, now in found.items():
        before = recorded.get(stage)
        if before is None or before == now:
            continue
        same_name = before["identity"] == now["identity"] and before["inputs"] == now["inputs"]
        if same_name and not changed & set(now["inputs"]):
            names = before["columns"].keys() | now["columns"].keys()
            other = sorted(name for name in names if before["columns"].get(name) != now["columns"].get(name))
            faults.append(f"{stage}: {', '.join(other)}")
        changed.add(stage)
    return faults


def main() -> int:
    """Record what the code makes now; exit code 1 when a version was forgotten."""
    recorded = json.loads(RECORDED.read_text(encoding="utf-8")) if RECORDED.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder))
    if faults := forgotten(recorded, found):
        print("output changed under the same version; raise it first:", *faults, sep="\n  ")
        return 1
    RECORDED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"recorded {len(found)} stages in {RECORDED}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

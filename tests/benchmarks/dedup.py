"""Speed of band keys and shingle sets on one core, beside datasketch's signatures, in one run.

    python -m tests.benchmarks.dedup [--text FILE.jsonl[.gz]] [--megabytes 20]

Without a file it measures the generated pages of the benchmark of signals. datasketch gets the same number of
permutations, and shingles cut by Python (lower case, words of letters and digits, five a shingle) with 64-bit hashes,
in one call a text. Times are processor seconds, the best of five; of datasketch one pass over some of the texts.
"""

from __future__ import annotations

import argparse
import re
import resource
from pathlib import Path

import pyarrow as pa
import xxhash
from datasketch import MinHash as Datasketch

from beam_jobs.recipe.dedup import MinHash
from beam_jobs.recipe.dedup_presets import PRESETS
from beam_jobs.steps.near_duplicates import band_keys, jaccard, shingle_sets
from beam_jobs.steps.urls import url_digests
from tests.benchmarks.signals import batches, seconds

_WORD = re.compile(r"\w+")
_DATASKETCH_TEXTS = 300
_URLS = 100_000


def datasketch_signatures(texts: list[str], settings: MinHash) -> None:
    for text in texts:
        words = _WORD.findall(text.lower())
        grams = (
            " ".join(words[at : at + settings.ngram]).encode()
            for at in range(len(words) - settings.ngram + 1)
        )
        made = Datasketch(
            num_perm=settings.banding.permutations, hashfunc=xxhash.xxh3_64_intdigest, scheme="affine64"
        )
        made.update_batch(grams)


def urls() -> pa.StringArray:
    """Two in three are not as they should be."""
    found = [
        f"https://example{number % 97}.org/a/b-c/{number}"
        if number % 3 == 0
        else f"https://www.Example{number % 97}.org/news/{number}/index.html?id={number}&utm_source=x"
        for number in range(_URLS)
    ]
    return pa.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--text", type=Path, help="JSON lines with a 'text', plain or .gz; repeated to fill the size"
    )
    parser.add_argument("--megabytes", type=float, default=20)
    arguments = parser.parse_args()
    made = batches(arguments.text, int(arguments.megabytes * 1e6))
    size, documents = sum(batch.nbytes for batch in made), sum(map(len, made))
    print(f"{size / 1e6:.1f} MB of text, {documents} documents, {len(made)} batches\n")

    default = MinHash()
    sample = made[0].to_pylist()[:_DATASKETCH_TEXTS]
    sample_size = sum(len(page.encode()) for page in sample)
    slow = sample_size / seconds(lambda: datasketch_signatures(sample, default), 1) / 1e6
    print(f"{'':48} {'MB/s':>8} {'documents/s':>12} {'x datasketch':>13}")
    name = f"datasketch, {default.banding.permutations} permutations"
    print(f"{name:48} {slow:8.2f} {slow * 1e6 * documents / size:12,.0f} {1:13.0f}")
    for preset in PRESETS:
        settings = MinHash(preset=preset)
        shape = f"{settings.ngram} {settings.unit}, {settings.banding.permutations} permutations"
        for what, work in (
            (
                f"{preset}: keys ({shape})",
                lambda settings=settings: [band_keys(each, settings) for each in made],
            ),
            (f"{preset}: sets", lambda settings=settings: [shingle_sets(each, settings) for each in made]),
        ):
            took = seconds(work)
            speed = size / took / 1e6
            print(f"{what:48} {speed:8.1f} {documents / took:12,.0f} {speed / slow:13.0f}")

    sets = [shingle_sets(each, default) for each in made]
    pairs = sum(len(each) - 1 for each in sets)
    took = seconds(lambda: [jaccard(each.slice(1), each.slice(0, len(each) - 1)) for each in sets])
    print(f"\n{'pairs compared':48} {pairs / took:,.0f} a second")
    addresses = urls()
    print(f"{'URLs':48} {len(addresses) / seconds(lambda: url_digests(addresses), 3):,.0f} a second")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak resident memory {peak:.0f} MB, {size / 1e6:.0f} of them the text")


if __name__ == "__main__":
    main()

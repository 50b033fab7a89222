"""Documents of nearly the same text, over all crawls of a release. Facts: no rule decides here. Two stages.

`pairs_minhash`, one a crawl: which of its documents are alike to each other or to documents of earlier crawls. From
sorted band keys to verified edges, each phase over ranges or shards of bounded size:

    buckets      key ranges     documents that share a key are pairs to compare, if one is of this crawl
    pairs        ranges of documents   each pair once; what of them hangs together
    rounds 1..n  ranges of documents   components of the pairs, until nothing changes
    sketches     shards         the shingles of the documents in pairs, by component
    verify       components     true similarity of each pair

A document's shingles move once, to its component, so the work grows with the documents and not with their square.

`clusters_minhash`, one a release: what hangs together by the edges of all its crawls. No text is read.

    edges        ranges of documents   the edges of all crawls
    rounds 1..n  ranges of documents   components, until nothing changes
    components   shards         edges and documents' ids by component
    clusters     components     clusters, giants split
    sidecars     shards         each member's cluster back to its shard

So adding the newest crawl makes its own pairs only. A crawl that is added before others is among what those are
compared with: their pairs are made again, and the result is that of a rebuild either way.
"""

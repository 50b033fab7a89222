"""clusters_minhash: documents of nearly the same text, over all crawls of a release. Facts: no rule decides here.

From sorted band keys to clusters in phases, each over ranges or shards of bounded size:

    buckets      key ranges     documents that share a key are pairs to compare
    pairs        ranges of nodes   each pair once; what of them hangs together
    rounds 1..n  ranges of nodes   components of the pairs, until nothing changes
    sketches     shards         the shingles of the documents in pairs, by component
    verify       components     true similarity of each pair; clusters of those that are alike
    sidecars     shards         each member's cluster back to its shard

A document's shingles move once, to its component, so the work grows with the documents and not with their square.
"""

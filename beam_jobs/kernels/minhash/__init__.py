"""Near-duplicates in numba: texts to shingle hashes, to MinHash band keys, to sets that are compared."""

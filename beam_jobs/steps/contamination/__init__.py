"""Benchmark contamination: items into an index, texts into facts, facts and a profile into decisions. No Beam, no I/O
but an index's own file."""

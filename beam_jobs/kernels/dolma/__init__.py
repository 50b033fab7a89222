"""Kernels of the signals that count as Dolma's taggers, DCLM's filters and data-prep-kit's doc_quality do."""

"""Kernels of the signals that count as NeMo Curator's heuristic filters do."""

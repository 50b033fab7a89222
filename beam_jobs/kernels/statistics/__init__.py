"""Kernels of the signal group `statistics`: entropies, scripts, readability, densities, and n-gram sketches."""

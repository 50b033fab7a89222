"""Kernels of RedPajama-V2's quality signals, under its own rules for words, normalisation and lines."""

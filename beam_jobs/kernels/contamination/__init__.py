"""Texts held against benchmark items: tokens, the index of their n-grams, and matching. No Beam, no files."""

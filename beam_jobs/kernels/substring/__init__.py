"""Substrings that texts have in common, exactly (Lee et al. 2022): tokens, suffix arrays, repeats, winnowing."""

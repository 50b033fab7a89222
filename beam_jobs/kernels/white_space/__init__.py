"""What the countings of NeMo Curator, Dolma and DCLM share: words between white space, lines between line feeds,
paragraphs between pairs of them, and which n-grams of words repeat."""

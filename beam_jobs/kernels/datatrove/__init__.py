"""The kernel of the group `datatrove`: one pass over a document's UTF-8, then its repetition over hashes of words."""

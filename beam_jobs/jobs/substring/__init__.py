"""substring: passages that stand in more than one document of a release; the first stays, the others are cut.

It works on what `select` keeps. Documents are in the order of crawls, then of ids, and what is compared are windows of
tokens (see `kernels.substring`). In phases, each over groups, ranges or shards of bounded size:

    measure      shards       pieces of shards, so that a group's texts fit into memory
    within       groups       a suffix array: the copies among a group's documents; chosen windows' fingerprints
    across       key ranges   chosen windows that more than one group has
    neighbours   groups       the fingerprints of all windows near those
    classes      key ranges   of each of these the first place over all groups: later ones are copies
    spans        shards       copies of both kinds as edits; what is left of each text, and a decision each

What two groups have in common is found if it is as long as a chosen window is sure to lie in it
(`Substring.found_everywhere`), and is then cut as if there were one group: text is compared twice, never exchanged.
"""

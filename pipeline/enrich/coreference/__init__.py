"""Find the names in one article that mean the same person, organisation, place, group or event.

It needs the article and word lists only; what is known of entities comes in as functions.
"""

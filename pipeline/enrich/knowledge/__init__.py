"""Hold what is known of names before an article is read: knowledge base, aliases, word lists, tokens.

The lowest floor of ``enrich``: recognisers, coreference and linking stand on it.
"""

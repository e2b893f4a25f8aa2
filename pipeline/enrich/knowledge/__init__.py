"""What is known of names before an article is read: knowledge base, aliases, word lists, and how words are compared.

The lowest floor of ``enrich``: recognisers, coreference and linking stand on it.
"""

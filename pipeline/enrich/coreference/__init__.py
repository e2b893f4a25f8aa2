"""Which names of one article mean the same person, body or place."""

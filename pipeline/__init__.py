"""newswire: feeds in, searchable stories out."""

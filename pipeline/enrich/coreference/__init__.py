"""Find the names in one article that mean the same person, organisation, place, group or event."""

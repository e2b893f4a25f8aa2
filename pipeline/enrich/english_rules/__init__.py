"""Find English names by rules: capitals, lists, context."""

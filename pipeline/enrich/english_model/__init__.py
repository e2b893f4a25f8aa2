"""Find English names by the bundled network."""

"""Tie each name of an article to one entity."""

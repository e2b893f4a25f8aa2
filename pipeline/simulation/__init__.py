"""Simulate polling: replay arrival traces against our schedule and the rules of others, offline."""

"""Simulate polling: arrival traces replayed against our schedule and the rules of others, without a network."""

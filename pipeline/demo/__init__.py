"""The demo newsroom: a small sample web, served on loopback, that shows the whole pipeline.

Everything in it is invented.
"""

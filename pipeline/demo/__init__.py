"""A small sample web, served on loopback, on which the whole pipeline can be shown."""

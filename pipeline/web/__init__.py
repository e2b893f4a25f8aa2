"""Serve the index and the ledger over HTTP: a JSON interface and plain search pages."""

"""Do a stage again over articles that it has passed: compare first, then ask, then go on in batches.

A replay is planned (``plan``), compared (``dry_run``), approved or rejected, carried out (``batches``) and closed. The
ledger keeps where it stands, so that each step may be cut off and called again.
"""

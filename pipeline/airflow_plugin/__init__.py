"""Hold what Airflow loads from newswire: the one room that imports Airflow, and that nothing else here imports.

DAG files import it while Airflow parses them, so it loads nothing heavy: neither the stages nor the ledger.
"""

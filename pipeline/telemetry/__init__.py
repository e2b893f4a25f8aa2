"""Tell others how the work goes, in their own formats: documents in Elasticsearch, Prometheus' metrics, OpenTelemetry.

All of it follows from what the ledger keeps: nothing is measured for it, and no article waits for it.
"""

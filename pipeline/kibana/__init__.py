"""Make what Kibana shows of newswire: data views, saved searches, dashboards; check it, load it, draw it.

The objects are built here (``catalog``), held to Kibana's own rules without a Kibana (``validation``), turned into the
searches that Kibana makes of them (``lens_request``), drawn (``preview``), and brought to a Kibana (``loader``).
"""

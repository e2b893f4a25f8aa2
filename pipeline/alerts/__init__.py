"""Tell people what is wrong, once, and when it is over.

``rules`` says what is wrong by the figures, ``lifecycle`` what is to be told of it, ``messages`` in which words: all
pure. ``readings`` gets the figures, ``watch`` does it every minute, and ``reports`` takes what others have seen.
"""

from pipeline.alerts.reports import report_condition, report_end
from pipeline.alerts.watch import check_alerts, send_messages, tend_alerts

__all__ = ["check_alerts", "report_condition", "report_end", "send_messages", "tend_alerts"]

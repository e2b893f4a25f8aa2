"""Send messages to people and programs: by webhook, by e-mail, as a line of the log.

Whoever has something to tell makes a ``Message`` and puts it on its way (``Store.deliveries``); ``send_waiting`` sends
what waits, tries again what fails, and gives up at last. What is given up stays in the ledger for a person to see.
"""

from pipeline.notifiers.notifier import Notifier, NotifierError
from pipeline.notifiers.opening import notifier_names, open_notifiers
from pipeline.notifiers.sending import send_waiting

__all__ = ["Notifier", "NotifierError", "notifier_names", "open_notifiers", "send_waiting"]

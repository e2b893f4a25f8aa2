"""Profile a site by its earlier pages: learn its boilerplate, notice when its pages change.

Everything here is pure; ``pipeline.store`` reads and writes the profiles.
"""

from __future__ import annotations

from pipeline.sites.drift import Alarm, Sample, is_drifted, update_alarm
from pipeline.sites.page_fingerprint import Measures, PageFingerprint, SiteLine, fingerprint_page, slot_key
from pipeline.sites.site_profile import LearntLine, PageVerdict, SiteProfile, expired_lines

__all__ = [
    "Alarm",
    "LearntLine",
    "Measures",
    "PageFingerprint",
    "PageVerdict",
    "Sample",
    "SiteLine",
    "SiteProfile",
    "expired_lines",
    "fingerprint_page",
    "is_drifted",
    "slot_key",
    "update_alarm",
]

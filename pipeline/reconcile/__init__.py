"""Bring copy groups, stories and known articles into step with what a stage decided."""

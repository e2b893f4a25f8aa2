"""Editors' decisions on copies, stories and entities, and the lists that editors read."""

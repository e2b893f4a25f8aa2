"""How do people and services read the index over HTTP? A JSON interface and a plain search page."""

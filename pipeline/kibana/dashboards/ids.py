"""Name the dashboards, so that each can lead to the others."""

NEWSROOM = "newswire"
WIRE = "newswire-wire"
ENTITIES = "newswire-entities"
SOURCES = "newswire-by-outlet"
OPERATIONS = "newswire-operations"

_TITLES = {
    NEWSROOM: "newsroom",
    WIRE: "wire",
    ENTITIES: "entities",
    SOURCES: "sources",
    OPERATIONS: "operations",
}


def title_of(dashboard_id: str) -> str:
    """Return what a dashboard is called in Kibana's list."""
    return f"newswire: {_TITLES[dashboard_id]}"


def name_others(dashboard_id: str) -> str:
    """Return links to the other dashboards, as Markdown; the addresses are relative to Kibana's own."""
    links = [f"[{name}](#/view/{other})" for other, name in _TITLES.items() if other != dashboard_id]
    return " · ".join(links)

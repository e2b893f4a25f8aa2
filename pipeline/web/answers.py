"""How is a service answered?"""

from __future__ import annotations

from fastapi import Response

from pipeline.records import to_json


def json_response(content: object, status: int = 200) -> Response:
    """Return records or plain values as JSON."""
    return Response(to_json(content), status, media_type="application/json")

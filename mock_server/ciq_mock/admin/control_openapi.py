"""The OpenAPI document of the admin requests, `GET /_ciq/openapi.json`. Generated from the routes and their bodies."""

from collections.abc import Iterable

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from ciq_mock.admin.intervention_pages import INTERVENTIONS
from ciq_schemas import __version__

Document = dict[str, object]


def control_route(routes: Iterable[BaseRoute], bodies: dict[str, type[msgspec.Struct]]) -> Route:
    """Return the route of the document. `bodies` are those of the requests beside the interventions, by path."""
    described = tuple(route for route in routes if isinstance(route, Route))
    kinds = bodies | {f"/_ciq{path}": kind for path, (kind, _) in INTERVENTIONS.items()}

    async def document(_: Request) -> Response:
        return JSONResponse(control_openapi(described, kinds))

    return Route("/_ciq/openapi.json", document, methods=["GET"])


def control_openapi(routes: Iterable[Route], bodies: dict[str, type[msgspec.Struct]]) -> Document:
    """Return the document of these routes."""
    _, schemas = msgspec.json.schema_components(bodies.values(), ref_template="#/components/schemas/{name}")
    paths: dict[str, Document] = {}
    for route in routes:
        (method,) = (route.methods or set()) - {"HEAD"}
        paths.setdefault(route.path, {})[method.lower()] = _operation(route, method, bodies.get(route.path))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ciq mock: control requests",
            "version": __version__,
            "description": "Requests to the mock itself, apart from the service that it imitates.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(route: Route, method: str, body: type[msgspec.Struct] | None) -> Document:
    words = [
        part
        for part in route.path.removeprefix("/_ciq").replace("-", "/").split("/")
        if part and not part.startswith("{")
    ]
    text = (body or route.endpoint).__doc__ or ""
    operation: Document = {
        "operationId": ".".join([method.lower(), *words]),
        "summary": " ".join(text.partition("\n\n")[0].split()),
        "responses": {
            "200": {"description": "done"},
            "4XX": {"description": "the member `error` of the JSON body says why"},
        },
    }
    if "{name}" in route.path:
        operation["operationId"] = f"{operation['operationId']}.one"
        operation["parameters"] = [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}]
    if body is not None:
        required = any(field.required for field in msgspec.structs.fields(body))
        schema = {"$ref": f"#/components/schemas/{body.__name__}"}
        operation["requestBody"] = {"required": required, "content": {"application/json": {"schema": schema}}}
    return operation

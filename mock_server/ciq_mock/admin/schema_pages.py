"""The pages `/_ciq/schema/`: the schemas of the contract, as `ciq schema` prints them."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ciq_schemas.published import published_schemas, schema_named


def schema_routes() -> list[Route]:
    """Return the routes."""
    return [Route("/_ciq/schema/", _listed, methods=["GET"]), Route("/_ciq/schema/{name}", _one, methods=["GET"])]


async def _listed(_: Request) -> Response:
    """List the schemas."""
    return JSONResponse(
        [{"name": entry.name, "kind": entry.kind, "title": entry.title} for entry in published_schemas()]
    )


async def _one(request: Request) -> Response:
    """Return one schema by its file name."""
    found = schema_named(request.path_params["name"])
    if found is None:
        raise HTTPException(404, "no schema has this name; /_ciq/schema/ lists them")
    return Response(found.text(), media_type=found.media_type)

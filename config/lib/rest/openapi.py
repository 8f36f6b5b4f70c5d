"""OpenAPI extensions: the token scheme, and the error responses of every operation."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

PROBLEM = "application/problem+json"
READ = {400: "BadRequest", 401: "NotLoggedIn", 403: "NotAllowed", 406: "NotAcceptable"}
WRITE = {
    **READ,
    409: "WrongState",
    413: "TooLarge",
    415: "WrongType",
    429: "RateLimited",
}
GUARDED = {412: "Stale", 428: "PreconditionRequired"}
ALWAYS = {503: "ServiceUnavailable"}
MEANING = {
    "BadRequest": "The request is malformed; `errors` lists the errors by field.",
    "NotLoggedIn": "No token or session, or an expired one.",
    "NotAllowed": "The object is visible to you, but the action is not permitted.",
    "NotFound": "It does not exist or is not visible to you; the two cannot be told apart.",
    "NotAcceptable": "Responses are JSON only.",
    "WrongState": "The status of the case does not allow this, or the same key is being processed.",
    "Stale": "The case has changed since the version in `If-Match`.",
    "TooLarge": "The body is too large.",
    "WrongType": "The media type of the body is not supported.",
    "KeyReused": "The idempotency key was used with another body.",
    "PreconditionRequired": "The header `If-Match` with the version you saw is required.",
    "RateLimited": "Too many writes in a short time; see `Retry-After`.",
    "ServiceUnavailable": "Nothing was accepted; retry after `Retry-After`.",
}
WITH_RETRY_AFTER = frozenset({"RateLimited", "ServiceUnavailable"})
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "An error, as in RFC 9457.",
    "required": ["type", "title", "status", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "The meaning of the status, for people."},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "The reason, for programs."},
        "request_id": {"type": "string", "description": "The id of the request, for support."},
        "detail": {"type": "string", "description": "The reason, for people."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}


class BearerScheme(OpenApiAuthenticationExtension):
    """Describes the token of an API client."""

    target_class = "members.accounts.tokens.BearerToken"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the security scheme."""
        return {"type": "http", "scheme": "bearer"}


def add_problems(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Add the error responses to every operation, derived from its method and parameters."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    components["responses"] = {name: _response(name) for name in sorted(MEANING)}
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            for status, name in _problems(path, method, operation).items():
                reference = {"$ref": f"#/components/responses/{name}"}
                operation["responses"].setdefault(str(status), reference)
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return result


def _problems(path: str, method: str, operation: dict[str, Any]) -> dict[int, str]:
    parameters = operation.get("parameters", ())
    headers = {parameter["name"] for parameter in parameters if parameter["in"] == "header"}
    problems = (READ if method == "get" else WRITE) | ALWAYS
    if "{" in path:
        problems = problems | {404: "NotFound"}
    if "If-Match" in headers:
        problems = problems | GUARDED
    if "Idempotency-Key" in headers:
        problems = problems | {422: "KeyReused"}
    return problems


def _response(name: str) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": MEANING[name],
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if name in WITH_RETRY_AFTER:
        response["headers"] = {
            "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}
        }
    return response

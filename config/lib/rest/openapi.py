"""What the description of the API says beside each operation: who comes in, and every refusal."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

PROBLEM = "application/problem+json"
READ = {400: "Malformed", 401: "NotLoggedIn", 403: "NotAllowed", 406: "NotAcceptable"}
WRITE = {
    **READ,
    409: "NotNow",
    413: "TooLarge",
    415: "WrongType",
    429: "TooMany",
}
GUARDED = {412: "Stale", 428: "PreconditionRequired"}
ALWAYS = {503: "NotYetAccepted"}
MEANING = {
    "Malformed": "The request cannot be read; `errors` says field by field what is wrong.",
    "NotLoggedIn": "No token or session, or one that is no longer valid.",
    "NotAllowed": "An act you may know of, but which is somebody else's to do.",
    "NotFound": "It does not exist, or not for you; the two cannot be told apart.",
    "NotAcceptable": "Answers are JSON only.",
    "NotNow": "The case is not in a state for this, or the same key is still being handled.",
    "Stale": "Somebody changed the case since the version named in `If-Match`.",
    "TooLarge": "The body is larger than is read here.",
    "WrongType": "The body's media type is not read here.",
    "KeyReused": "The idempotency key was used for another body.",
    "PreconditionRequired": "Name the version you saw in `If-Match`.",
    "TooMany": "Too many writes in a short while; see `Retry-After`.",
    "NotYetAccepted": "A service is away; nothing was accepted, send it again after `Retry-After`.",
}
WAITS = frozenset({"TooMany", "NotYetAccepted"})
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A refusal, as RFC 9457 has it.",
    "required": ["type", "title", "status", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "What the status means, for people."},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "The reason, for programs."},
        "request_id": {"type": "string", "description": "To be named when asking for help."},
        "detail": {"type": "string", "description": "The rule that refused, for people."},
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


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # no types
    """Describes the token of a system account."""

    target_class = "members.accounts.tokens.BearerToken"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002 - as called
        """Return the scheme."""
        return {"type": "http", "scheme": "bearer"}


def add_problems(result: dict[str, Any], **_more: Any) -> dict[str, Any]:
    """Give every operation its refusals; which they are follows from method and parameters."""
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
    headers = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"}
    found = (READ if method == "get" else WRITE) | ALWAYS
    if "{" in path:
        found = found | {404: "NotFound"}
    if "If-Match" in headers:
        found = found | GUARDED
    if "Idempotency-Key" in headers:
        found = found | {422: "KeyReused"}
    return found


def _response(name: str) -> dict[str, Any]:
    said: dict[str, Any] = {
        "description": MEANING[name],
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if name in WAITS:
        said["headers"] = {
            "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}
        }
    return said

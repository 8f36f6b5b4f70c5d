"""Addresses that fail in every way, for the tests of error answers."""

import errno

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from redis.exceptions import ConnectionError as RedisGone
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.lib.domain_errors import DomainError
from config.lib.web import errors, health

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.not_found
handler500 = errors.server_error


def our_mistake(request: HttpRequest) -> HttpResponse:
    raise ValueError("13800138000")


def rule_says_no(request: HttpRequest) -> HttpResponse:
    raise DomainError("已经办结")


def cut_off(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 1")
        cursor.execute("SELECT pg_sleep(1)")
    return HttpResponse()


def trigger_refuses(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'no'; END $$")
    return HttpResponse()


def queue_is_gone(request: HttpRequest) -> HttpResponse:
    raise RedisGone("away")


def disk_is_full(request: HttpRequest) -> HttpResponse:
    raise OSError(errno.ENOSPC, "No space left on device")


def file_is_missing(request: HttpRequest) -> HttpResponse:
    raise FileNotFoundError(errno.ENOENT, "No such file")


def by_name(request: HttpRequest, code: str) -> HttpResponse:
    return HttpResponse(code)


class Invalid(APIView):
    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request) -> Response:
        raise ValidationError({"where": {"building": ["missing"]}, "photos": ["too many"]})

    def post(self, request: Request) -> Response:
        raise DomainError("已经办结")

    def put(self, request: Request) -> Response:
        raise Throttled(wait=7)


class Guarded(APIView):
    def get(self, request: Request) -> Response:
        return Response({})


urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("t/mistake", our_mistake),
    path("t/refusal", rule_says_no),
    path("t/cut-off", cut_off),
    path("t/trigger", trigger_refuses),
    path("t/queue", queue_is_gone),
    path("t/disk", disk_is_full),
    path("t/missing", file_is_missing),
    path("api/t/disk", disk_is_full),
    path("t/track/<str:code>", by_name, name="t_track"),
    path("api/t/mistake", our_mistake),
    path("api/t/trigger", trigger_refuses),
    path("api/t/invalid", Invalid.as_view()),
    path("api/t/guarded", Guarded.as_view()),
]

"""Addresses, to be filled by the pages of this area."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []

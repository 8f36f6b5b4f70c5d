"""Addresses of cases: residents' pages, the queue and the desk, the case page and its verbs."""

from petitions.urls import case, public, queue

app_name = "petitions"

urlpatterns = [*public.urlpatterns, *queue.urlpatterns, *case.urlpatterns]

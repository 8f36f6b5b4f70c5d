"""URLs of organisations."""

from django.urls import path

from branches import views

app_name = "branches"
urlpatterns = [
    path("organisations/", views.organisations, name="organisations"),
    path("organisations/<int:pk>/", views.organisation, name="organisation"),
]

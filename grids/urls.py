"""URLs of places."""

from django.urls import path

from grids import views

app_name = "grids"
urlpatterns = [
    path("places/", views.places, name="places"),
    path("places/suggest/", views.suggest, name="suggest"),
    path("places/<int:pk>/", views.place, name="place"),
    path("places/<int:pk>/poster/", views.poster, name="poster"),
]

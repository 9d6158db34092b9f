"""Addresses of the demo's page; they answer 404 outside demo mode."""

from django.urls import path

from leadops.demo import views

app_name = "demo"
urlpatterns = [
    path("demo", views.show, name="show"),
    path("demo/turn", views.turn, name="turn"),
    path("demo/erase", views.erase, name="erase"),
    path("demo/tour", views.take_tour, name="take_tour"),
]

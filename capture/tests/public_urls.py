"""The public addresses alone, so that these tests stand without the rest of the house."""

from django.urls import include, path

from capture.urls import public_urlpatterns

urlpatterns = [path("", include((public_urlpatterns, "capture")))]

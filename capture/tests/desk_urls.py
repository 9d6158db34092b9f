"""The addresses of capture and of the frame its pages stand in."""

from django.contrib import admin
from django.urls import include, path

APPS = ("capture", "leadops.desk", "routing", "qualification", "nurture", "reports")
urlpatterns = [path("admin/", admin.site.urls), *(path("", include(f"{app}.urls")) for app in APPS)]
handler404 = "leadops.desk.errors.not_found"

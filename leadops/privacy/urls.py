"""Addresses of the privacy pages; closed to visitors."""

from django.urls import path

from leadops.desk.signin import members_only
from leadops.privacy import views

app_name = "privacy"
urlpatterns = [
    path("people/<uuid:person_id>/personal-data", views.show, name="show"),
    path("people/<uuid:person_id>/erase", views.erase, name="erase"),
    path("people/<uuid:person_id>/copy", views.copy, name="copy"),
    path("settings/retention", views.retention, name="retention"),
]
for pattern in urlpatterns:
    pattern.callback = members_only(pattern.callback)

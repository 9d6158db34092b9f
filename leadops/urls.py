"""Every address of the house, app by app."""

from django.contrib import admin
from django.urls import include, path

from leadops.desk import gauges, health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", gauges.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("leadops.api_root")),
    path("", include("leadops.desk.urls")),
    path("", include("leadops.privacy.urls")),
    path("", include("leadops.demo.urls")),
    path("", include("capture.urls")),
    path("", include("qualification.urls")),
    path("", include("routing.urls")),
    path("", include("nurture.urls")),
    path("", include("reports.urls")),
]
handler400 = "leadops.desk.errors.bad_request"
handler404 = "leadops.desk.errors.not_found"
handler500 = "leadops.desk.errors.server_error"

"""The house's addresses as these tests need them: its own, with the desk and the reports where they are not wired yet."""

from django.urls import include, path

from leadops import urls as house

_wired = {str(getattr(entry, "app_name", "")) for entry in house.urlpatterns}
_missing = [name for name in ("leadops.desk", "reports") if name.rpartition(".")[2] not in _wired]
urlpatterns = [*house.urlpatterns, *(path("", include(f"{name}.urls")) for name in _missing)]
handler404 = house.handler404

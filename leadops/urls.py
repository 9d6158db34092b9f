"""Every address of the house, app by app."""

urlpatterns: list[object] = []

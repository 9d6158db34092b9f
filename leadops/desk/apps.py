"""The stock admin with our own site: same session, same access policy."""

from django.contrib.admin.apps import AdminConfig as StockAdminConfig


class AdminConfig(StockAdminConfig):
    default_site = "leadops.desk.adminsite.HouseAdminSite"

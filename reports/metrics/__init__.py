"""One module per question a report answers; each returns plain data, knows no page and starts from `access`."""

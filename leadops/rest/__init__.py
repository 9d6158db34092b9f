"""What every resource of the API is built from: endpoint, shapes, pages, problems, idempotency. It knows no app."""

"""Events to features; the only place besides store and ingest that holds SQL or Narwhals."""

"""Long work in processes of its own: queued, watched, stopped."""

"""Result -> plotly Figure: pure functions, one file a page."""

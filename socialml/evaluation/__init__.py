"""Scores with their intervals. Arrays in, figures and frames out; knows nothing of models."""

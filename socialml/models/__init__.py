"""Algorithms, one a file: arrays in, results out."""

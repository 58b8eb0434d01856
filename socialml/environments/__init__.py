"""Simulators in which policies are trained and judged: Gymnasium vector environments over arrays."""

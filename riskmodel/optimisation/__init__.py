"""Weights that are best by a score, less risk and cost, under rules, and the proof of it. Imports arrays."""

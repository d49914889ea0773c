"""The user's cache of fitted models."""

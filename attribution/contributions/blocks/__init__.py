"""Courses over years of a market that is larger than memory: explained part by part, and linked."""

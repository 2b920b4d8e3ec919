"""Loaded by Salt, file by file."""

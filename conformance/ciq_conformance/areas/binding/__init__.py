"""Binding of a bucket."""

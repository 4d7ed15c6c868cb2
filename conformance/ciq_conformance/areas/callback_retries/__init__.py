"""Retries of callbacks that the receiver does not accept."""

"""Callback rule of a queue against the setting of a job."""

"""Judges recorded material without a target: callback bodies, answers, HAR files, run files (`ciq check`)."""

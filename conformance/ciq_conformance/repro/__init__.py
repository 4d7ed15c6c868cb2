"""Writes a failed requirement as a stand-alone script that sends the recorded requests again."""

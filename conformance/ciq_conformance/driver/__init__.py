"""The driver: sends real requests, receives callbacks, records everything. It does not judge."""

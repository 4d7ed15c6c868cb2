"""Lists of queues."""

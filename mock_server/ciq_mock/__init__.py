"""The reference mock of the job queues: a service for tests, and the embedded target of a run."""

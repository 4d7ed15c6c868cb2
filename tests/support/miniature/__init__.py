"""An implementation of the service that shares nothing with the kit: standard library only, threads, one lock.

It wears many legal dresses and has many named faults, so that the suite can be tried on something that is not the
mock. Written from the documents, on purpose in another style than the mock; must never import the kit.
"""

"""An implementation of the service that shares nothing with the kit: standard library only, threads, one lock.

It has many legal variations and named faults, so that the suite can be tested on something that is not the
mock. Written from the documents, on purpose in another style than the mock. It must never import the kit.
"""

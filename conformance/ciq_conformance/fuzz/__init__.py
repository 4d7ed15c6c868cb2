"""Malformed requests: generated from the OpenAPI document, mutated from valid ones, or hostile."""

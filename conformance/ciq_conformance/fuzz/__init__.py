"""Requests that nobody should send: drawn from the OpenAPI document, mutated from good ones, or hostile by intent."""

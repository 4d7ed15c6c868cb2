"""The judge: pure functions from transcript and requirement to verdict. No sockets, no clock, no pytest."""

"""The console under `/_ciq/`: the pages of the service's web console, on the mock. It has no state of its own."""

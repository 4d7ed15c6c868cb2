"""The admin API below `/_ciq/`."""

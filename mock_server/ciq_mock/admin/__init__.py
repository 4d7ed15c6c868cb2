"""The admin pages and API below `/_ciq/`."""

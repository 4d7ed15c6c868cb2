"""Speed, measured as ratios against a peer or a bound in the same run: `python -m bench`."""

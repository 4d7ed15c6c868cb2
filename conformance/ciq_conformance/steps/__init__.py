"""Names of steps and channels: the only thing that scenarios and checks share."""

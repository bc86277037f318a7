"""Programs that stand in for the ones a command calls: each notes its call, and answers plausibly."""

"""Training: the loop, optimisers, schedules, checkpoints, and what a run will need."""

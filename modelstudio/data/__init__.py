"""From files to batches: sources, statistics, split, recipe and tensors."""

"""Recognition of stacks of paper: in several processes, and so that a batch that was stopped can go on."""

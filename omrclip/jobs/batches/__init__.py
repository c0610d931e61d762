"""Recognition of stacks of paper in several processes. A batch that was stopped can be continued."""

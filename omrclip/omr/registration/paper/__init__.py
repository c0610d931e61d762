"""Models of paper and lens: curl, bend, distortion, and the displacement grid that is left."""

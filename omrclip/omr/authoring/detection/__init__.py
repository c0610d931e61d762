"""Detection of the elements on a blank page: bubbles, digit grids, codes, corner marks, and places to write in."""

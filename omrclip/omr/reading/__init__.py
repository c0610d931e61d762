"""Reading: marks, bar codes and ArUco markers of a registered page."""

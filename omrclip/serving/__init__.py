"""Open images, caches, and rendering of requests to bytes."""

"""Making templates: editing, correction by a blank page, and finalization."""

"""The files and folders in the folder of a batch."""

from typing import Final

DEFINITION: Final = "batch.json"
TEMPLATES: Final = "templates"
LEDGER: Final = "ledger"
RECORDS: Final = "records"
CLIPS: Final = "clips"
CLIP_PARTS: Final = "clip-parts"
"""Clips of tasks that are not in shards yet."""
REJECTED: Final = "rejected"
RESULTS: Final = ("results.jsonl", "results.csv", "results.xlsx", "results.parquet", "report.html")
FOLDERS: Final = (LEDGER, RECORDS, CLIPS, CLIP_PARTS, REJECTED, TEMPLATES)
"""In the order in which they are deleted: without the ledger, nothing counts as done."""

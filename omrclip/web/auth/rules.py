"""The scope that each route requires. Reading requires the scope READ, unless the table says otherwise.

Every other route must have a row: without one, the application does not start.
"""

from typing import Final

from flask import Flask
from werkzeug.exceptions import HTTPException

from omrclip.storage.accounts import Scope

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
PUBLIC: Final = None
"""The rule of a route that answers everybody."""

RULES: Final[dict[str, Scope | None]] = {
    "health.health": PUBLIC,
    "health.metrics": Scope.ADMIN,
    "login.get_page": PUBLIC,
    "login.post_form": PUBLIC,
    "login.post_logout": PUBLIC,
    "login.post_token": PUBLIC,
    "login.static": PUBLIC,
    "oidc.get_start": PUBLIC,
    "oidc.get_return": PUBLIC,
    "login.post_link": Scope.READ,
    "viewers.get_token": PUBLIC,
    "viewers.get_probe": PUBLIC,
    "viewers.get_logout": PUBLIC,
    "cloud_token.post_token": PUBLIC,
    "cloud_v5.post_recognition": Scope.RECOGNIZE,
    "cloud_v5.delete_recognition": Scope.RECOGNIZE,
    "cloud_v5.post_generation": Scope.AUTHOR,
    "cloud_v5.delete_generation": Scope.AUTHOR,
    "cloud_files.put_file": Scope.RECOGNIZE,
    "cloud_files.delete_file": Scope.RECOGNIZE,
    "cloud_files.copy": Scope.RECOGNIZE,
    "cloud_files.move": Scope.RECOGNIZE,
    "cloud_files.put_folder": Scope.RECOGNIZE,
    "cloud_files.delete_folder": Scope.RECOGNIZE,
    "cloud_tasks.post_task": Scope.RECOGNIZE,
    "recognitions.post_recognition": Scope.RECOGNIZE,
    "kept.delete_recognition": Scope.RECOGNIZE,
    "corrections.put_corrections": Scope.RECOGNIZE,
    "all_batches.list_all_batches": Scope.ADMIN,
    "batches.post_batch": Scope.RECOGNIZE,
    "sample.post_sample": Scope.RECOGNIZE,
    "batches.post_sheets": Scope.RECOGNIZE,
    "batches.post_retry": Scope.RECOGNIZE,
    "batches.patch_batch": Scope.RECOGNIZE,
    "batches.delete_batch": Scope.RECOGNIZE,
    "batch_corrections.post_corrections": Scope.RECOGNIZE,
    "batch_sheets.put_placement": Scope.RECOGNIZE,
    "segments.post_segments": Scope.RECOGNIZE,
    "templates.put_template": Scope.AUTHOR,
    "templates.delete_template": Scope.AUTHOR,
    "templates.post_clip_area": Scope.AUTHOR,
    "templates.put_clip_area": Scope.AUTHOR,
    "templates.delete_clip_area": Scope.AUTHOR,
    "template_pages.post_template": Scope.AUTHOR,
    "template_pages.post_validation": Scope.READ,
    "template_pages.put_page_image": Scope.AUTHOR,
    "template_pages.delete_page_image": Scope.AUTHOR,
    "template_correction.post_correction": Scope.AUTHOR,
    "template_correction.post_finalization": Scope.AUTHOR,
    "detection.post_blank_pages": Scope.AUTHOR,
    "detection.post_detection": Scope.AUTHOR,
    "images.put_image": Scope.AUTHOR,
    "images.delete_image": Scope.AUTHOR,
}


def check_rules(app: Flask) -> None:
    """Raise AssertionError if a route that changes something has no rule."""
    changing = {rule.endpoint for rule in app.url_map.iter_rules() if not (rule.methods or set()) <= READING}
    if missing := changing - RULES.keys():
        raise AssertionError(f"web/auth/rules.py has no rule for {', '.join(sorted(missing))}")


def rule_of(app: Flask, path: str, method: str) -> Scope | None:
    """The scope that a request needs, or None if it is public. A path without a view demands READ."""
    try:
        endpoint, _ = app.url_map.bind("").match(path, method)
    except HTTPException:
        return Scope.READ
    return RULES[str(endpoint)] if endpoint in RULES else Scope.READ

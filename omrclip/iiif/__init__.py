"""The shared core: strings → ImageRequest → plan (numbers only) → pixels.

The rule of this folder: no Flask, no files. Parsing, planning and touching pixels live in separate modules.
"""

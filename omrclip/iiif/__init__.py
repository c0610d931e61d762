"""IIIF requests from string to bytes: grammar, plan (numbers only), pixels.

Modules here know neither Flask nor files. Parsing, planning and work on pixels are in separate modules.
"""

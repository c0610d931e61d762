"""The output of recognitions: file names, result files, tables and overlays."""

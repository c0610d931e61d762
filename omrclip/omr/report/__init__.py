"""What is written of recognitions: file names, result files, tables and overlays."""

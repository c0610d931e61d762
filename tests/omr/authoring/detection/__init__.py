"""Tests of the detection of elements on blank pages."""

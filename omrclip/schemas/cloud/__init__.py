"""Requests and answers of the OMR cloud protocol."""

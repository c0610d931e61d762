"""The routes of the OMR cloud protocol, which existing clients of the commercial service use."""

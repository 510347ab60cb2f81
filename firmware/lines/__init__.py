"""Analog line machines: FXS ports with telephones, FXO ports with exchange lines. Pure."""

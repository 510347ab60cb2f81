"""Routing: from the office file to a compiled table, its proof and its walk. Pure."""

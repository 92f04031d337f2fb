"""Rental billing without a database, a clock or a network: periods, decisions, letters. Values in, values out."""

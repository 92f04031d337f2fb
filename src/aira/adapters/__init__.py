"""Vendors and their local stand-ins, one file each; each plays one of the roles of `aira.ports`."""

"""Reading documents, cutting them into passages and ranking those for a question. Pure: no database, no clock."""

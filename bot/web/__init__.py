"""What members open: the groups' pages and what these need."""

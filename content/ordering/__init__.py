"""What members mean when they order by words: rosters they sign, and wishes in the talk of a group."""

"""Generation: problems in, responses out, with one meaning of every length control."""

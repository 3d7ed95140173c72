"""Models as judges: what they are asked, what of their answers can be believed, and how far they agree with people."""

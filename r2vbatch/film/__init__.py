"""What becomes of clips: a page to look at them all."""

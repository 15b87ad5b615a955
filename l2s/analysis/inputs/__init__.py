"""What the analysis reads: verdicts as one frame, texts as numbers, and what each run is."""

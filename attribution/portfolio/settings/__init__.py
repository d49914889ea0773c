"""What a book may say: its sections, their kinds and bounds, and what is answered to one that says something else."""

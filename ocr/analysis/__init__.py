"""What measures: several runs of train.py, and what they tell together."""

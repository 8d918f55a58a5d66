# What the figures say: their intervals and noise, claims and verdicts, what changed between two runs.
# Imports runs and base.

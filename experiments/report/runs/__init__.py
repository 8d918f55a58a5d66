# What was measured, by which programs, of which commit, on which machine and seats, and how it is measured again.
# Imports base alone.

# Checks of the report. Imports all rooms and the commands; rooms_test.py refuses what the rooms may not import.

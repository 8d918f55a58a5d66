# What knows no report: where things lie, git, and how numbers are written. Imports no other room.

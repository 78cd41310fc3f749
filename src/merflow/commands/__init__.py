"""Commands, one file each: the name of the file is the name of the command.

Not for the work itself: a command reads its options and calls the packages below. A new file in
this folder is a new command.
"""

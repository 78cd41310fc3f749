"""The commands: one file each, named for it; thin shells round the modules that do the work.

The command line scans this folder, so a new command is a new file.
"""

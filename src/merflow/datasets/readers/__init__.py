"""Dataset readers, one file each: the name of the file is the name of the dataset.

Not for shared rules (`datasets`): a reader states one dataset's facts and imports no other.
"""

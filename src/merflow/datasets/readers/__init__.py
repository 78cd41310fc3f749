"""Dataset readers, one module each; the module's name is the dataset's name.

Not for shared code (`datasets`): a reader imports no other reader.
"""

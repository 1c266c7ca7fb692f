"""Its place puts this directory on the import path, for the examples that tests share."""

"""The studio: a local web page over one project, for those who would rather look than read."""

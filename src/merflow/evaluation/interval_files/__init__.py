"""Files of spotted intervals: forms of the challenges and merflow's own, read and written."""

"""Files as they lie in a folder: what can be seen of each before anything is known of what it is."""

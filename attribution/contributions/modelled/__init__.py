"""What a model says of the names of a course, and how sure it is of exposures that are estimated; imports no cube."""

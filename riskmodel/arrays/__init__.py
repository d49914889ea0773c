"""Ground: labelled arrays, windows, threads, chunks, pieces of files. Imports errors and factors only."""

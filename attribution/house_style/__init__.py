"""How numbers, words, fonts and charts look; knows no result. Imports rows."""

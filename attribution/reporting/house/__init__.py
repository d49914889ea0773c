"""What a house puts into its reports: texts, images, names, look. Imports commentary and below."""

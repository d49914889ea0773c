"""What exports that nobody has described look like: files, cells, headers, tables. A person agrees to it, or not."""

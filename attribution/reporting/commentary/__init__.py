"""The draft of the commentary, and the check of an edited one."""

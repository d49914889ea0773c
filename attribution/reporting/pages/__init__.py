"""The month's page: what each section shows, and how one document is laid out for the screen and for print."""

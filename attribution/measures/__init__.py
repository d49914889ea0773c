"""Numbers beside the cube: returns over windows, ratios, figures, forecast risk, limits. Imports portfolio, linking."""

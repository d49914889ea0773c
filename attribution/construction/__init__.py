"""A strategy -> scores -> lists of holdings, month by month; what each rule cost. Imports contributions, measures."""

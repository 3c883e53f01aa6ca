"""One module a noun of the command line: a request in, a result out."""

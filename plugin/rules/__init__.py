"""One clinical question per module: typed `Params` and `evaluate(case, params) -> Check`."""

"""Tables of reports (facts) arrive with the first rollup; today every figure is read from journal and touches."""

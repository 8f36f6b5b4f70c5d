"""The sample of cases: the catalogue, and a believable year of residents' reports over it."""

"""Forms of the verbs; `petitions/verbs/table.py` says which verb uses which form."""

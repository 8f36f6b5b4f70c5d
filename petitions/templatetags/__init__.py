"""Words and figures for the templates of cases."""

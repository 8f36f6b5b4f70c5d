"""How the pages fare as history grows; figures are ratios within one run, on one machine."""

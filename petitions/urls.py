"""URLs of the pages about cases, joined from one module per journey."""

from petitions.casework import urls as casework
from petitions.intake import urls as intake
from petitions.stats import urls as stats
from petitions.tracking import urls as tracking
from petitions.worklist import urls as worklist

app_name = "petitions"

urlpatterns = [
    *intake.urlpatterns,
    *tracking.urlpatterns,
    *worklist.urlpatterns,
    *stats.urlpatterns,
    *casework.urlpatterns,
]

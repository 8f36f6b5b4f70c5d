"""URLs of the pages about cases, joined from one module per journey."""

import petitions.casework.urls
import petitions.intake.urls
import petitions.stats.urls
import petitions.tracking.urls
import petitions.worklist.urls

app_name = "petitions"

urlpatterns = [
    *petitions.intake.urls.urlpatterns,
    *petitions.tracking.urls.urlpatterns,
    *petitions.worklist.urls.urlpatterns,
    *petitions.stats.urls.urlpatterns,
    *petitions.casework.urls.urlpatterns,
]

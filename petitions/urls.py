"""URLs of the petitions app: one list per user journey."""

from petitions.casework import urls as casework
from petitions.intake import urls as intake
from petitions.worklist import urls as worklist

app_name = "petitions"

urlpatterns = [*intake.urlpatterns, *worklist.urlpatterns, *casework.urlpatterns]

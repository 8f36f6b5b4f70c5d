"""Functions of higher apps that lower apps call: by dotted name, since they cannot import them."""

# Panels that higher apps add to the pages of lower apps; see config/lib/panels.py.
PAGE_PANELS = {
    "places": ["branches.panels.gaps"],
    "place": ["branches.panels.responsible", "petitions.web.panels.of_place"],
    "organisation": ["members.posts.panels.posts", "petitions.web.panels.of_organisation"],
}

# What each app keeps about a row before it ends; see config/lib/holdings.py.
HOLDINGS = {
    "post": ["members.posts.holdings.of_post", "petitions.rules.holdings.of_post"],
    "user": ["members.posts.holdings.of_user", "petitions.rules.holdings.of_user"],
    "organisation": [
        f"{app}.holdings.of_organisation"
        for app in ("branches", "members.posts", "petitions.rules")
    ],
    "responsibility": ["petitions.rules.holdings.of_responsibility"],
    "place": [f"{app}.holdings.of_place" for app in ("grids", "branches", "petitions.rules")],
}

# Conditions on inbox messages that name rows of higher apps; see members/models/inbox.py.
MESSAGE_ACCESS = ["petitions.notices.message_access.about_visible_case"]

# Names of pages and acts in words, and the writer of changes in the admin, for the security log.
ROUTE_WORDS = "config.route_words.words"
ADMIN_CHANGE_LOG = "members.accounts.admin_log.write"

# The URL that a user starts at; the 403 page links to it.
START_PAGE = "members.accounts.start_page.url_for"

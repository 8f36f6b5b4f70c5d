"""People: login users, posts and their scopes, enrolled cadres, and the inbox."""

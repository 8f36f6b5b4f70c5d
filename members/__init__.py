"""People: the login user, posts, what a post may see, enrolled cadres, and the inbox."""

"""What an account may do: the scope of its posts, and its permissions in the admin."""

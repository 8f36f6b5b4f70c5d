"""Small shared files without models, which know no app."""

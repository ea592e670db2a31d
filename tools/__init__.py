"""Scripts that build what ships."""

"""What we say: stories, templates, versions, rendering."""

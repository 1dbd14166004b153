"""Pages for people; every module with a `router` is found and served."""

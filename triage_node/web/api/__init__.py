"""The API for programs under /api; every module with a `router` is found and served."""

"""The commands about who may sign in and call: people and tokens."""

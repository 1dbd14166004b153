"""Bone: the vault, the floor and the face, drawn or mapped, and what a blow or a surgeon has left of them."""

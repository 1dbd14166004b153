"""What comes in and what is made of it is copied to the bucket, in the background."""

from triage_node.uploading.uploader import Uploader, UploaderState

__all__ = ["Uploader", "UploaderState"]

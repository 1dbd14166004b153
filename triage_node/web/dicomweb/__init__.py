"""DICOMweb under /dicomweb; every module with a `router` is found and served."""

"""Data sets as web services write them: the DICOM JSON Model and the Native DICOM Model."""

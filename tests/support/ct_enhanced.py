"""An Enhanced CT multi-frame object (PS3.3 A.38) of the same head that `ct.head_ct` sends slice by slice."""

import numpy as np
from ct import INTERCEPT, common, override
from ct_phantom import FIELD_OF_VIEW_MM, head_hu
from pydicom import Dataset
from pydicom.uid import EnhancedCTImageStorage, generate_uid

_POSITION_INDEX = (0x0020, 0x9057)


def enhanced_ct(
    slices: int = 32,
    size: tuple[int, int] = (64, 64),
    thickness_mm: float = 5.0,
    lesion: str | None = None,
    seed: int = 0,
    **overrides: object,
) -> list[Dataset]:
    """Return one instance with all slices as frames, per-frame positions and rescale, the rest shared."""
    hu = head_hu(slices, size, thickness_mm, lesion, seed)
    ds = common(seed, EnhancedCTImageStorage, f"enhanced {slices} {size} {thickness_mm} {lesion} {overrides!r}")
    _equipment_and_study(ds)
    _pixels(ds, hu)
    _dimensions(ds)
    spacing = [FIELD_OF_VIEW_MM / size[0], FIELD_OF_VIEW_MM / size[1]]
    ds.SharedFunctionalGroupsSequence = [_shared(spacing, thickness_mm)]
    corner = [-spacing[1] * (size[1] - 1) / 2, -spacing[0] * (size[0] - 1) / 2]
    ds.PerFrameFunctionalGroupsSequence = [
        _frame(index, [round(value, 4) for value in (*corner, index * thickness_mm)]) for index in range(slices)
    ]
    return [override(ds, overrides)]


def _item(**elements: object) -> Dataset:
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    return _item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def _equipment_and_study(ds: Dataset) -> None:
    ds.DeviceSerialNumber, ds.SoftwareVersions, ds.PatientPosition = "1", "1", "HFS"
    ds.SeriesDescription, ds.BodyPartExamined = "HEAD 5mm", "HEAD"
    ds.FrameOfReferenceUID = generate_uid(entropy_srcs=["frame of reference", str(ds.StudyInstanceUID)])
    ds.PositionReferenceIndicator = ""
    ds.SynchronizationFrameOfReferenceUID = generate_uid(entropy_srcs=["synchronization"])
    ds.SynchronizationTrigger, ds.AcquisitionTimeSynchronized = "NO TRIGGER", "N"
    ds.ContentDate, ds.ContentTime, ds.AcquisitionDateTime = "20240102", "030405", "20240102030405"
    ds.AcquisitionDuration, ds.AcquisitionNumber = 5.0, 1
    ds.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    ds.PixelPresentation, ds.VolumetricProperties, ds.VolumeBasedCalculationTechnique = "MONOCHROME", "VOLUME", "NONE"
    ds.ContentQualification, ds.AcquisitionContextSequence = "RESEARCH", []
    ds.BurnedInAnnotation, ds.LossyImageCompression, ds.PresentationLUTShape = "NO", "00", "IDENTITY"


def _pixels(ds: Dataset, hu: np.ndarray) -> None:
    ds.NumberOfFrames, ds.Rows, ds.Columns = hu.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = np.clip(hu - INTERCEPT, 0, 4095).astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"


def _dimensions(ds: Dataset) -> None:
    uid = generate_uid(entropy_srcs=["dimension organization"])
    ds.DimensionOrganizationSequence = [_item(DimensionOrganizationUID=uid)]
    index = _item(DimensionOrganizationUID=uid, DimensionDescriptionLabel="In-stack position")
    index.DimensionIndexPointer, index.FunctionalGroupPointer = _POSITION_INDEX, (0x0020, 0x9111)
    ds.DimensionIndexSequence = [index]


def _shared(spacing: list[float], thickness_mm: float) -> Dataset:
    measures = _item(PixelSpacing=[round(value, 6) for value in spacing], SliceThickness=thickness_mm)
    kind = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    frame_type = _item(FrameType=kind, PixelPresentation="MONOCHROME")
    frame_type.VolumetricProperties, frame_type.VolumeBasedCalculationTechnique = "VOLUME", "NONE"
    region = _item(AnatomicRegionSequence=[_code("69536005", "SCT", "Head")], FrameLaterality="U")
    return _item(
        PixelMeasuresSequence=[measures],
        PlaneOrientationSequence=[_item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
        CTImageFrameTypeSequence=[frame_type],
        FrameAnatomySequence=[region],
        FrameVOILUTSequence=[_item(WindowCenter=40, WindowWidth=80)],
        CTAcquisitionTypeSequence=[_acquisition_type()],
        CTAcquisitionDetailsSequence=[_acquisition_details(thickness_mm)],
        CTTableDynamicsSequence=[_item(TableSpeed=10.0, TableFeedPerRotation=10.0, SpiralPitchFactor=1.0)],
        CTGeometrySequence=[_item(DistanceSourceToDetector=950.0, DistanceSourceToDataCollectionCenter=540.0)],
        CTReconstructionSequence=[_reconstruction(spacing)],
        CTExposureSequence=[_exposure()],
        CTXRayDetailsSequence=[_x_ray()],
    )


def _acquisition_type() -> Dataset:
    return _item(AcquisitionType="SPIRAL", ConstantVolumeFlag="NO", FluoroscopyFlag="NO")


def _acquisition_details(thickness_mm: float) -> Dataset:
    details = _item(RotationDirection="CW", RevolutionTime=1.0, SingleCollimationWidth=thickness_mm)
    details.TotalCollimationWidth, details.TableHeight = thickness_mm, 100.0
    details.GantryDetectorTilt, details.DataCollectionDiameter = 0.0, 250.0
    return details


def _reconstruction(spacing: list[float]) -> Dataset:
    made = _item(ReconstructionAlgorithm="FILTER_BACK_PROJ", ConvolutionKernel="STANDARD", ReconstructionAngle=360.0)
    made.ConvolutionKernelGroup, made.ImageFilter, made.ReconstructionDiameter = "BRAIN", "NONE", FIELD_OF_VIEW_MM
    made.ReconstructionPixelSpacing = [round(value, 6) for value in spacing]
    return made


def _exposure() -> Dataset:
    exposure = _item(ExposureTimeInms=1000.0, XRayTubeCurrentInmA=100.0, ExposureInmAs=100.0)
    exposure.ExposureModulationType, exposure.CTDIvol = "NONE", 40.0
    exposure.CTDIPhantomTypeCodeSequence = [_code("113690", "DCM", "IEC Head Dosimetry Phantom")]
    return exposure


def _x_ray() -> Dataset:
    return _item(
        KVP=120, FocalSpots=0.7, FilterType="NONE", FilterMaterial="ALUMINUM", CalciumScoringMassFactorPatient=1.0
    )


def _frame(index: int, position_mm: list[float]) -> Dataset:
    content = _item(FrameAcquisitionDateTime="20240102030405", FrameReferenceDateTime="20240102030405")
    content.FrameAcquisitionDuration, content.FrameAcquisitionNumber = 5.0, 1
    content.StackID, content.InStackPositionNumber, content.DimensionIndexValues = "1", index + 1, [index + 1]
    center = [0.0, 0.0, float(position_mm[2])]
    event = _item(IrradiationEventUID=generate_uid(entropy_srcs=["irradiation event"]))
    rescale = _item(RescaleIntercept=INTERCEPT, RescaleSlope=1, RescaleType="HU")
    return _item(
        FrameContentSequence=[content],
        IrradiationEventIdentificationSequence=[event],
        PlanePositionSequence=[_item(ImagePositionPatient=position_mm)],
        PixelValueTransformationSequence=[rescale],
        CTPositionSequence=[
            _item(
                TablePosition=float(position_mm[2]),
                DataCollectionCenterPatient=center,
                ReconstructionTargetCenterPatient=center,
            )
        ],
    )

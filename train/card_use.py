"""What a model's card says of its use, whichever its figures are: for whom, on which images, where it fails."""

from triage_node.models import Manifest

# Wording of the identification in 21 CFR 892.2080(a).
INTENDED_USE = """\
## Intended use

To aid in prioritization and triage of non-contrast head CT: the node notifies a designated list of clinicians that a
study with a suspected intracranial hemorrhage is available for review. It works beside the standard of care, which
remains the default for every study: no study leaves the reading queue, and one that is not flagged is read as always.
A picture or the reference to a slice in a notification says where to look first; neither is diagnostic. Worded
after 21 CFR 892.2080(a). No authority has cleared or approved this model, and nobody may use it for care.
"""
PROTOCOLS = """\
## Patients and protocols

- Patients: {patients}
- Among the generated heads are operated skulls, drains, calcium, old strokes and hygromas; tumors, abscesses and
  malformations are not.
- Images: axial head CT without contrast medium, supine, the whole brain, soft or bone kernel. Slices of 2.5 to 10 mm;
  thinner ones are averaged. 512 x 512 pixels of about .4 to .5 mm are brought to {mm_per_pixel:g} mm.
- Tube voltage: HU of about 120 kVp. At 80 or 140 kVp blood keeps its density within a few HU, bone does not; neither
  was measured.
- Not analyzed or *uncertain*, whatever the network says: contrast medium, gaps and ends inside the head, a mask of the
  brain that may not be whole, heads turned by 50 degrees or more, images unlike the generated ones.
"""
FAILURES = """\
## Known failures

Seen on real heads by those who looked at every wrong answer of earlier versions; generated heads that this kind of
model gets wrong are in `docs/pictures/failures.jpg`.

- Missed: dots and films under 1 mL, a bleed in the midbrain, dark (chronic or septated) subdural blood, subarachnoid
  blood at the tentorium, thin epidural blood below a swelling of the scalp. Soft kernels and thick slices lose weak
  bleeds first.
- Flagged without hemorrhage: dense dural sinuses and tentorium at the back of the midline, the bone of sella and
  petrous ridges cut flat, the rim under a thick scalp.
- The type is less certain than the flag: subarachnoid blood is often called another type, epidural and subdural blood
  are taken for one another.
- *Not flagged* says that nothing scored above the threshold, never that there is no hemorrhage.
"""


def protocols_text(manifest: Manifest) -> str:
    """Return patients and protocols of a model that was fitted on generated heads."""
    youngest = manifest.minimum_age_years
    patients = f"from {youngest:g} years on." if youngest else "adults."
    return PROTOCOLS.format(
        patients=patients + " All fitted heads are those of adults.", mm_per_pixel=manifest.geometry.mm_per_pixel
    )

"""What an association may be used for: the answer to an A-ASSOCIATE-RQ (PS3.8 Section 7.1, PS3.7 Annex D)."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydicom.uid import UID
from pynetdicom import build_context
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
)
from pynetdicom.presentation import PresentationContext, negotiate_unrestricted
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from triage_node.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from triage_node.intake.pdu import MAXIMUM_PDU_BYTES, ProtocolError

SUPPORTED = [build_context(Verification)]


@dataclass(frozen=True)
class Proposal:
    """An association request: who asks, and the request itself."""

    calling_ae_title: str
    request: A_ASSOCIATE

    @classmethod
    def decode(cls, body: bytes) -> "Proposal":
        """Read the body of an A-ASSOCIATE-RQ PDU.

        Raises
        ------
        ProtocolError
            It cannot be read.
        """
        pdu = A_ASSOCIATE_RQ()
        try:
            pdu.decode(b"\x01\0" + len(body).to_bytes(4, "big") + body)
            request = pdu.to_primitive()
            return cls(str(request.calling_ae_title).strip(), request)
        except Exception as error:  # the border to a peer's bytes: the library raises anything
            raise ProtocolError("the association request cannot be read") from error

    def accept(self) -> tuple[bytes, Mapping[int, PresentationContext]]:
        """Return the encoded A-ASSOCIATE-AC, and the accepted presentation contexts by their identifier.

        Every storage class is accepted, also a private one, in the transfer syntax the sender likes best: a PACS
        forwards whole studies, and refusing one class can make it drop all.

        Raises
        ------
        ProtocolError
            The proposed contexts make no sense.
        """
        try:
            contexts, _ = negotiate_unrestricted(self.request.presentation_context_definition_list, SUPPORTED, roles={})
            pdu = A_ASSOCIATE_AC()
            pdu.from_primitive(_answer(self.request, contexts))
            return pdu.encode(), {context.context_id: context for context in contexts if context.result == 0}
        except Exception as error:  # as above
            raise ProtocolError("the proposed contexts cannot be answered") from error


def _answer(request: A_ASSOCIATE, contexts: list[PresentationContext]) -> A_ASSOCIATE:
    answer = A_ASSOCIATE()
    answer.application_context_name = UID("1.2.840.10008.3.1.1.1")
    answer.calling_ae_title, answer.called_ae_title = request.calling_ae_title, request.called_ae_title
    answer.result, answer.result_source = 0x00, 0x01
    answer.presentation_context_definition_results_list = contexts
    length, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    version = ImplementationVersionNameNotification()
    length.maximum_length_received = MAXIMUM_PDU_BYTES
    implementation.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    version.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    answer.user_information = [length, implementation, version]
    return answer

"""Which hosts a certificate is for (RFC 6125 6.4)."""

import ipaddress

from cryptography import x509


def names_in(certificate: x509.Certificate) -> list[str]:
    """Return the host names and addresses that it is for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    addresses = [str(one) for one in names.get_values_for_type(x509.IPAddress)]
    return [*names.get_values_for_type(x509.DNSName), *addresses]


def covers(certificate: x509.Certificate, host: str) -> bool:
    """Tell whether it is for a host; a wildcard stands for one label."""
    wanted = _canonical(host)
    return any(_matches(_canonical(name), wanted) for name in names_in(certificate))


def _matches(name: str, host: str) -> bool:
    return name == host or (name.startswith("*.") and host.partition(".")[2] == name[2:] and bool(name[2:]))


def _canonical(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host.rstrip(".").lower()

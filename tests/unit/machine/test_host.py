"""What images are given of this machine's settings, and what stays behind."""

from __future__ import annotations

from demitasse.machine import host
from demitasse.machine.host import Host


def _pem(body: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----"


def test_only_certificates_that_are_not_well_known_are_carried_over() -> None:
    bundle = f"# names\n{_pem('AAAA')}\n{_pem('BBBB')}\n{_pem('BBBB')}\n"
    assert host.extra_certificates([bundle], [_pem("AA\nAA")]) == (_pem("BBBB"),)


def test_without_well_known_certificates_none_can_be_told_apart() -> None:
    assert host.extra_certificates([_pem("AAAA")], []) == ()


def test_certificates_become_files_that_the_distribution_reads() -> None:
    files = Host(certificates=(_pem("AAAA"), _pem("BBBB"))).files()
    assert len(files) == 2
    assert all(path.startswith("/usr/local/share/ca-certificates/host-") for path in files)
    assert all(path.endswith(".crt") for path in files)


def test_apts_proxy_is_carried_over_unless_only_this_machine_reaches_it() -> None:
    dump = [
        'Acquire::http::Proxy "http://proxy.test:3128";',
        'Acquire::https::Proxy "http://localhost:3128";',
        'Acquire::Check-Valid-Until "false";',
        'Acquire::Languages "none";',
    ]
    assert host.apt_options(dump) == (
        'Acquire::http::Proxy "http://proxy.test:3128";',
        'Acquire::Check-Valid-Until "false";',
    )
    assert host.proxies({}, dump) == (
        ("http_proxy", "http://proxy.test:3128"),
        ("https_proxy", "http://localhost:3128"),
    )


def test_secrets_stay_behind() -> None:
    assert host.apt_options(['Acquire::http::Proxy "http://me:secret@proxy.test:3128";']) == ()
    assert host.pip_settings(["global.index-url='https://me:secret@packages.test/simple'"]) == ()


def test_pips_settings_are_carried_over_as_far_as_they_hold_elsewhere() -> None:
    listing = [
        ":env:.find-links='/opt/wheels'",
        ":env:.default-timeout='180'",
        "global.timeout='15'",
        "global.cert='/etc/ssl/certs/ca-certificates.crt'",
        "global.extra-index-url='file:///opt/simple https://more.test/simple'",
        "global.index-url='https://packages.test/simple'",
        "not a setting",
    ]
    assert host.pip_settings(listing) == (
        ("extra-index-url", "https://more.test/simple"),
        ("index-url", "https://packages.test/simple"),
        ("timeout", "180"),
    )


def test_pips_settings_become_its_configuration_file() -> None:
    files = Host(pip_settings=(("index-url", "https://packages.test/simple"),)).files()
    assert files == {"/etc/pip.conf": b"[global]\nindex-url = https://packages.test/simple\n"}


def test_the_environments_proxy_wins() -> None:
    assert host.proxies(
        {"HTTP_PROXY": "http://a.test", "no_proxy": "localhost"},
        ['Acquire::http::Proxy "http://b.test";', 'Acquire::https::Proxy "DIRECT";'],
    ) == (("http_proxy", "http://a.test"), ("no_proxy", "localhost"))

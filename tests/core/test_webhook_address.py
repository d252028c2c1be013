"""The address of a notification: which ones may be used, and that nothing of it is shown."""

import pytest

from runner.core.webhook import fault_of, host_of, is_loopback


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.slack.com/services/T0/B0/x",
        "https://discord.com/api/webhooks/1/a-b_c?wait=true",
        "HTTPS://example.com:8443",
        "https://example.com/@here",
        "http://127.0.0.1:9/x",
        "http://localhost/x",
        "http://a.localhost:80",
        "http://[::1]/x",
    ],
)
def test_a_faultless_address(url):
    assert (fault_of(url), host_of(url) in url.lower()) == (None, True)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("", "visible ASCII"),
        ("https://example.com/a b", "visible ASCII"),
        ("https://example.com/\r\nX: y", "visible ASCII"),
        ("https://bücher.example/x", "visible ASCII"),
        ("https://example.com/" + "x" * 2048, "1 to 2048"),
        ("hooks.slack.com/services/x", "no http(s) URL with a host"),
        ("ftp://example.com/x", "no http(s) URL with a host"),
        ("https:///secret", "no http(s) URL with a host"),
        ("https://[::1/secret", "no http(s) URL with a host"),
        ("https://example.com:99999/secret", "no http(s) URL with a host"),
        ("https://example.com:0/secret", "no http(s) URL with a host"),
        ("https://user:secret@example.com/", "a user name, a password or a fragment"),
        ("https://example.com/#secret", "a user name, a password or a fragment"),
        ("http://example.com/secret", "in clear"),
        ("http://10.0.0.1/secret", "in clear"),
        ("http://127.0.0.1.example.com/secret", "in clear"),
    ],
)
def test_what_is_wrong_is_said_without_the_address(url, fault):
    said = fault_of(url)
    assert (fault in said, "secret" in said, "example" in said) == (True, False, False)


@pytest.mark.parametrize(
    ("host", "is_here"), [("127.9.9.9", True), ("::1", True), ("example.com", False), ("10.0.0.1", False)]
)
def test_a_host_that_is_this_machine(host, is_here):
    assert is_loopback(host) is is_here


def test_an_address_without_a_host_has_none_to_show():
    assert host_of("https:///x") == ""
